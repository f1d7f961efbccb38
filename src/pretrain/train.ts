/** @file The pre-training loop: teacher, mask, student, again. */
import { sampleRateHz } from '../audio/index.js';
import { UserError } from '../base/errors.js';
import { appendToFile, removeUnfinished } from '../base/files.js';
import { createProgress } from '../base/progress.js';
import { sayingWhatToDo } from '../base/runtime-failures.js';
import { cropStream } from '../data/crops.js';
import { inputThreads } from '../data/input-threads.js';
import type { Utterance } from '../data/manifest.js';
import { frameCount } from '../encoders/families/ehmam.js';
import type { Engine } from '../engine/engine.js';
import { runUpdates } from '../training/loop.js';
import { waitingClock, waitingText } from '../training/waiting.js';
import { keepRun } from './checkpoint.js';
import { cropsOf, type PretrainConfig } from './config.js';
import { maskings } from './masking/index.js';
import { noiseAhead } from './noise.js';
import { checkFolder } from './opening.js';
import { dueAtStart, type Probing } from './probing.js';
import { runDataOf } from './run-data.js';
import { type Run, type RunFolder, runFolder, trimLog, writeConfig, writeEncoder } from './run-folder.js';
import { startState } from './start-state.js';
import { type HeldState, holdState, readState, releaseState, type TrainingState } from './step.js';
import { compileUpdate, cropSamples, type UpdateLog, updateOnce } from './update.js';
import type { WarmStart } from './warm-start.js';

export interface PretrainOptions {
  readonly config: PretrainConfig;
  /** The weights to start with (default: new ones); its sizes are the settings'. */
  readonly init?: WarmStart | undefined;
  readonly utterances: readonly Utterance[];
  readonly out: string;
  readonly engine: Engine;
  /** Go on from the last checkpoint in `out`. */
  readonly resume?: boolean;
  readonly quiet?: boolean;
  /** Told of damage that was passed over. */
  readonly say?: (remark: string) => void;
  /** When it is aborted, the run writes a checkpoint and ends. */
  readonly signal?: AbortSignal;
  /** Told of every step. */
  readonly onStep?: (log: StepLog) => void;
  /** Looks at the encoder as it stands. */
  readonly probing?: Probing | undefined;
}

/** One line of the log. */
export interface StepLog extends UpdateLog {
  /** Spent on this step, waiting for its audio included. */
  readonly seconds: number;
  /** The share of that time that was spent waiting for audio and noise, from 0 to 1. */
  readonly waiting: number;
  /** Since this run began or resumed. */
  readonly stepsPerSecond: number;
}

/** Where the run ended: all its steps, or a checkpoint at an interruption. */
export interface PretrainResult {
  readonly steps: number;
  readonly finished: boolean;
  readonly last: StepLog | undefined;
}

/**
 * Pre-trains an encoder into the folder `out`.
 * @throws UserError when the folder holds another run (other settings, other data), when a loss is not finite, when the networks collapse
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const { config, engine, signal, resume = false, say = () => undefined, quiet = false, probing } = options;
  const { steps } = config.optimizer;
  maskings.find(config.masking.strategy);
  checkCrops(config);
  const folder = runFolder(options.out);
  const data = await runDataOf(options.utterances);
  const identity: Run = { config, data, init: options.init?.origin };
  await checkFolder(folder, identity, resume, say);
  const start = startState(config, options.init);
  const keeper = await keepRun(folder, identity, start, say);
  const { update: firstStep, state: first } = keeper.restored ?? { update: 0, state: start };
  if (firstStep >= steps) {
    await writeEncoder(folder, first);
    await probing?.probe(firstStep, first.student);
    return { steps: firstStep, finished: true, last: undefined };
  }
  const run = openSteps(options, { folder, identity, firstStep }, first);
  const progress = createProgress('pre-train', steps, { quiet, initial: firstStep, now: run.clock });
  try {
    const loop = (): ReturnType<typeof runUpdates<HeldState, TrainingState>> =>
      runUpdates<HeldState, TrainingState>(
        {
          updates: steps,
          step: run.step,
          ...(probing !== undefined && { looks: { every: probing.every, look: run.probe } }),
          keeper,
          signal,
          stored: readState,
          release: releaseState,
          report(_state, done) {
            const last = run.last() as StepLog;
            options.onStep?.(last);
            progress.update(done, noteOf(last, run.waiting()));
          },
        },
        { update: firstStep, state: holdState(engine, first) },
      );
    const { update, state, interrupted } = await sayingWhatToDo(engine, remedies, loop);
    const finished = update >= steps;
    const read = (): Promise<TrainingState> => readState(state);
    if (!interrupted && update % config.checkpointEvery !== 0) await keeper.write(update, read);
    if (finished) await writeEncoder(folder, await read());
    await releaseState(state);
    return { steps: update, finished, last: run.last() };
  } finally {
    progress.stop();
    await run.close();
  }
}

const remedies = {
  lower:
    'Lower batch.size (with as much more of batch.accumulate, updates stay the same) or batch.cropSeconds; the last checkpoint is kept',
  again: 'Run the same command with --resume: the last checkpoint is kept',
};

/** The steps of a run, on its own crops and with its log. */
interface Steps {
  step(state: HeldState, step: number): Promise<HeldState>;
  /** Probes the state after so many updates; the time it takes is none of training's. */
  probe(state: HeldState, update: number): Promise<{ readonly state: HeldState; readonly ended: false }>;
  /** Milliseconds that pass while there is training, not while it is probed. */
  clock(): number;
  /** What the last step told. */
  last(): StepLog | undefined;
  /** The share of all time so far that was spent waiting for input. */
  waiting(): number;
  close(): Promise<void>;
}

function openSteps(
  { config, utterances, engine, probing }: PretrainOptions,
  {
    folder,
    identity,
    firstStep,
  }: { readonly folder: RunFolder; readonly identity: Run; readonly firstStep: number },
  { student }: TrainingState,
): Steps {
  const programs = compileUpdate(engine, config, student);
  const threads = inputThreads(engine);
  const crops = cropStream(utterances, {
    seed: config.seed,
    cropSamples: (step) => cropSamples(config, step),
    batchSize: cropsOf(config.batch),
    firstStep,
    threads: threads.decoding,
  });
  const noise = noiseAhead(config, threads.noise);
  const waiting = waitingClock();
  let last: StepLog | undefined;
  let probedFor = 0;
  const clock = (): number => performance.now() - probedFor;
  const started = clock();
  /** Where training begins: it is probed once a step has worked, since nothing is written before. */
  let atStart =
    probing !== undefined && dueAtStart(probing, firstStep, config.optimizer.steps) ? student : undefined;
  const probed = async (update: number, probedStudent: TrainingState['student']): Promise<void> => {
    const probeStarted = performance.now();
    await probing?.probe(update, probedStudent);
    probedFor += performance.now() - probeStarted;
  };
  return {
    clock,
    last: () => last,
    waiting: waiting.shareInAll,
    async probe(state, update) {
      await probed(update, await state.student.read());
      return { state, ended: false };
    },
    async step(before, step) {
      const stepStarted = clock();
      const { value: batch } = await waiting.for(crops.next());
      const { state, log } = await updateOnce(programs, config, before, batch, (count) =>
        waiting.for(noise.of(step, count)),
      );
      try {
        if (last === undefined) await beginRun(folder, identity, firstStep);
        const now = clock();
        last = {
          ...log,
          seconds: (now - stepStarted) / 1000,
          waiting: Number(waiting.share().toFixed(4)),
          stepsPerSecond: (1000 * (step + 1 - firstStep)) / (now - started),
        };
        await appendToFile(folder.log, `${JSON.stringify(last)}\n`);
        if (atStart !== undefined) await probed(firstStep, atStart);
        atStart = undefined;
        return state;
      } catch (error) {
        await releaseState(state);
        throw error;
      }
    },
    async close() {
      await crops.return(undefined as never);
      await noise.close();
      await programs.dispose();
    },
  };
}

/** Makes the folder this run's, once a step has worked: until then nothing is written. */
async function beginRun(folder: RunFolder, run: Run, done: number): Promise<void> {
  await writeConfig(folder, run);
  await removeUnfinished(folder.path);
  await trimLog(folder, done);
}

/** A crop of fewer than two frames leaves nothing to mask or nothing to see. */
function checkCrops({ encoder, batch }: PretrainConfig): void {
  const short = batch.cropSeconds.find(
    (seconds) => frameCount(encoder, Math.round(seconds * sampleRateHz)) < 2,
  );
  if (short === undefined) return;
  throw new UserError(`a crop of ${short} s has fewer than two frames`, {
    hint: 'Increase batch.cropSeconds',
  });
}

/** What the progress says of a step, the most telling first: a narrow terminal cuts the end. */
function noteOf(log: StepLog, waiting: number): string {
  const { reconstruction, ranking, maskedFraction, hardShare, targetVariance, predictionVariance } = log;
  return [
    `loss ${reconstruction.toFixed(2)} rank ${ranking.toFixed(2)}`,
    waitingText(waiting),
    `mask ${maskedFraction.toFixed(2)} hard ${hardShare.toFixed(2)}`,
    `var ${targetVariance.toFixed(2)}/${predictionVariance.toFixed(2)}`,
    `grad ${log.gradientNorm.toPrecision(2)}`,
  ].join(' ');
}
