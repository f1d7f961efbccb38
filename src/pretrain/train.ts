/** @file The pre-training loop: teacher, mask, student, again. */
import { sampleRateHz } from '../audio/index.js';
import { UserError } from '../base/errors.js';
import { appendToFile } from '../base/files.js';
import { float32, floatsOf, type HostParameters, type HostTensor, scalar } from '../base/host-tensor.js';
import { createProgress } from '../base/progress.js';
import { randomStream } from '../base/random.js';
import { cropStream } from '../data/crops.js';
import type { Utterance } from '../data/manifest.js';
import { frameCount } from '../encoders/families/ehmam.js';
import {
  decoderSpecs,
  encoderSpecs,
  predictorSpecs,
  startParameters,
} from '../encoders/families/ehmam-parameters.js';
import type { Engine } from '../engine/engine.js';
import { adamStart } from '../nn/adam.js';
import { writeCheckpoint, writeEncoder } from './checkpoint.js';
import type { PretrainConfig } from './config.js';
import { chooseMasks, dropping, maskNoise } from './draws.js';
import { checkHealth } from './health.js';
import { maskings } from './masking/index.js';
import { openRun } from './opening.js';
import { learningRateAt, teacherDecayAt } from './schedule.js';
import {
  compileStep,
  type HeldState,
  holdState,
  isLocal,
  readState,
  type StepMeasures,
  type TrainingState,
} from './step.js';

export interface PretrainOptions {
  readonly config: PretrainConfig;
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
}

/** One line of the log. */
export interface StepLog extends StepMeasures<number> {
  /** Updates done, counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly teacherDecay: number;
  readonly maskedFraction: number;
  readonly hardShare: number;
  /** Spent on this step, waiting for its audio included. */
  readonly seconds: number;
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
 * @throws UserError when the folder holds another run, when a loss is not finite, when the networks collapse
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const { config, utterances, engine, signal } = options;
  const { optimizer, batch, seed } = config;
  const masking = maskings.find(config.masking.strategy);
  checkCrops(config);
  const { resume = false, say = () => undefined, quiet = false } = options;
  const run = await openRun({ config, out: options.out, resume, say }, startState(config));
  const { folder, done: firstStep } = run;
  if (firstStep >= optimizer.steps) {
    await writeEncoder(folder, run.state);
    return { steps: firstStep, finished: true, last: undefined };
  }
  const programs = compileStep(engine, config, run.state.student);
  let state: HeldState = holdState(engine, run.state);
  const cropLengths = batch.cropSeconds.map((seconds) => Math.round(seconds * sampleRateHz));
  const cropSamples = (step: number): number =>
    cropLengths[randomStream(seed, 'crop length', step).integer(cropLengths.length)] as number;
  const progress = createProgress('pre-train', optimizer.steps, {
    quiet,
    initial: firstStep,
  });
  let last: StepLog | undefined;
  let done = firstStep;
  const started = performance.now();
  let stepStarted = started;
  try {
    const crops = cropStream(utterances, { seed, cropSamples, batchSize: batch.size, firstStep });
    for await (const { step, samples } of crops) {
      if (step >= optimizer.steps || signal?.aborted) break;
      const waveform = float32([batch.size, samples.length / batch.size], samples);
      const taught = await programs.teacher.run({ student: state.student, teacher: state.teacher, waveform });
      const masks = chooseMasks(config, step, taught.predictedLoss);
      const learningRate = learningRateAt(optimizer, step);
      const decay = teacherDecayAt(config.teacher, step);
      const { measures: measured, ...updated } = await programs.student.run({
        ...state,
        studentInput: taught.studentInput ?? waveform,
        targets: taught.targets,
        masks,
        noise: maskNoise(config, step, masks.mask),
        update: scalar(step + 1),
        learningRate: scalar(learningRate),
        decay: scalar(decay),
        dropping: dropping(config, step),
      });
      state = updated;
      const measures = measuresOf(measured);
      last = {
        step: step + 1,
        ...measures,
        learningRate,
        teacherDecay: decay,
        maskedFraction: meanOf(floatsOf(masks.mask)),
        hardShare: masking.hardShare(config.masking, step / optimizer.steps),
        seconds: (performance.now() - stepStarted) / 1000,
        stepsPerSecond: (1000 * (step + 1 - firstStep)) / (performance.now() - started),
      };
      await checkHealth(config, last, async () => ({
        'teacher pass': { targets: await taught.targets.read(), predictedLoss: taught.predictedLoss },
        'updated student': await updated.student.read(),
        'updated teacher': await updated.teacher.read(),
      }));
      await taught.targets.release();
      await taught.studentInput?.release();
      if (done === firstStep) await run.begin();
      done = step + 1;
      await appendToFile(folder.log, `${JSON.stringify(last)}\n`);
      if (done % config.checkpointEvery === 0)
        await writeCheckpoint(folder, done, await readState(state), config.keepCheckpoints);
      options.onStep?.(last);
      progress.update(done, noteOf(last));
      stepStarted = performance.now();
    }
  } finally {
    progress.stop();
    await programs.teacher.dispose();
    await programs.student.dispose();
  }
  if (done > firstStep && done % config.checkpointEvery !== 0) {
    await writeCheckpoint(folder, done, await readState(state), config.keepCheckpoints);
  }
  const finished = done >= optimizer.steps;
  if (finished) await writeEncoder(folder, await readState(state));
  return { steps: done, finished, last };
}

/** A crop of fewer than two frames leaves nothing to mask or nothing to see. */
function checkCrops({ encoder, batch }: PretrainConfig): void {
  const short = batch.cropSeconds.find(
    (seconds) => frameCount(encoder, Math.round(seconds * sampleRateHz)) < 2,
  );
  if (short === undefined) return;
  throw new UserError(`a crop of ${short} s gives fewer than two frames`, {
    mend: 'Raise batch.cropSeconds',
  });
}

/** Parameters, moments and a teacher that starts as a copy of the student. */
function startState(config: PretrainConfig): TrainingState {
  const { encoder, seed } = config;
  const student = startParameters(
    { ...encoderSpecs(encoder), ...decoderSpecs(encoder), ...predictorSpecs(encoder) },
    seed,
  );
  const taught = { ...encoderSpecs(encoder), ...predictorSpecs(encoder) };
  const teacher: HostParameters = Object.fromEntries(
    Object.entries(student).filter(([name]) => name in taught && !isLocal(name)),
  );
  return { student, teacher, adam: adamStart(student) };
}

function measuresOf(measures: StepMeasures<HostTensor>): StepMeasures<number> {
  const numbers = Object.entries(measures).map(([name, tensor]) => [name, tensor.data[0]]);
  return Object.fromEntries(numbers) as StepMeasures<number>;
}

const meanOf = (values: Float32Array): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** What the progress says of a step, the most telling first: a narrow terminal cuts the end. */
function noteOf(log: StepLog): string {
  const { reconstruction, ranking, maskedFraction, hardShare, targetVariance, predictionVariance } = log;
  return [
    `loss ${reconstruction.toFixed(2)} rank ${ranking.toFixed(2)}`,
    `mask ${maskedFraction.toFixed(2)} hard ${hardShare.toFixed(2)}`,
    `var ${targetVariance.toFixed(2)}/${predictionVariance.toFixed(2)}`,
    `grad ${log.gradientNorm.toPrecision(2)}`,
  ].join(' ');
}
