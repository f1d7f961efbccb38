/** @file The updates of a fine-tuning, its looks at dev, and the weights that do best there. */
import { z } from 'zod';
import { sampleRateHz } from '../audio/index.js';
import { appendToFile } from '../base/files.js';
import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import type { Engine } from '../engine/engine.js';
import type { Alphabet } from '../lm/alphabet.js';
import { errorRate, type TextPair } from '../metrics/index.js';
import { adamStart } from '../nn/adam.js';
import { anyNumberSchema, hostParametersSchema } from '../training/checkpoint-file.js';
import { requireFinite } from '../training/health.js';
import {
  type HeldWeights,
  readWeights,
  releaseWeights,
  type Weights,
  weightsSchema,
} from '../training/held-weights.js';
import { inputsAhead } from '../training/inputs-ahead.js';
import type { Keeper } from '../training/keeper.js';
import { runUpdates } from '../training/loop.js';
import { triStage } from '../training/schedule.js';
import { compileUpdates } from '../training/updates.js';
import { waitingClock } from '../training/waiting.js';
import type { Transcribed } from './data.js';
import { greedyText } from './decoding/decode-splits.js';
import { updateSource } from './inputs.js';
import { recognitionLogits, recognitionLoss, type UpdateInputs } from './model.js';
import { compileRecognition, logitsOf, type RecognitionProgram } from './recognition.js';
import type { FinetuneFolder } from './run-folder.js';
import { type FinetuneSettings, samplesAtOnce } from './settings.js';
import type { Speech } from './speech.js';
import { optimizerOf, startParameters, type TrainableEncoder } from './trained.js';

/** A look at dev. */
const lookSchema = z.object({ update: z.int().positive(), trainLoss: anyNumberSchema, wer: z.number() });
export type LookAtDev = Readonly<z.infer<typeof lookSchema>>;

/** What an interrupted training goes on from. */
export interface FinetuneState extends Weights {
  readonly best: {
    readonly update: number;
    readonly wer: number;
    readonly parameters: HostParameters;
  } | null;
  readonly curve: readonly LookAtDev[];
  /** Sum of the losses since the last look. */
  readonly lossSum: number;
  /** Trained on so far, each time that it was. */
  readonly audioSeconds: number;
  /** Spent so far. */
  readonly seconds: number;
}

export const finetuneStateSchema: z.ZodType<FinetuneState> = weightsSchema.extend({
  best: z
    .object({ update: z.int().positive(), wer: z.number(), parameters: hostParametersSchema })
    .nullable(),
  curve: z.array(lookSchema),
  lossSum: anyNumberSchema,
  audioSeconds: z.number(),
  seconds: z.number(),
});

export interface FinetuneLoop {
  readonly engine: Engine;
  readonly trainable: TrainableEncoder;
  readonly alphabet: Alphabet;
  /** In place of a new output layer. */
  readonly keptOutput: Parameters<typeof startParameters>[3];
  readonly train: readonly Transcribed[];
  readonly dev: readonly Transcribed[];
  readonly settings: FinetuneSettings;
  readonly speech: Speech;
  readonly keeper: Keeper<FinetuneState>;
  readonly log: FinetuneFolder['log'];
  readonly signal: AbortSignal | undefined;
  /** Called once the first update has worked. */
  begin(updatesDone: number): Promise<void>;
  /**
   * Told of every update, with the share of all time that was spent waiting for input and the best word error rate on dev, and of
   * every look.
   */
  report(line: FinetuneLog, waiting: number, wer: number | undefined, look: LookAtDev | undefined): void;
}

/** A line of the log. */
export interface FinetuneLog {
  /** Counted from 1. */
  readonly step: number;
  /** CTC's, of a whole text: the mean over the utterances of the update. */
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  /** Of audio, padding left out. */
  readonly audioSeconds: number;
  /** Spent on it. */
  readonly seconds: number;
  /** The share of the time since the last update that was spent waiting for audio and masks, from 0 to 1. */
  readonly waiting: number;
}

/** The state while it is trained. */
interface Running extends Omit<FinetuneState, keyof Weights | 'seconds'> {
  readonly weights: HeldWeights;
}

/** Where a training ended. */
export interface FinetuneEnd {
  readonly interrupted: boolean;
  /** Updates done. */
  readonly update: number;
  readonly state: FinetuneState;
}

/** After which updates dev is looked at. */
export function isLook(
  { dev, updates }: Pick<FinetuneSettings, 'dev' | 'updates'>,
  update: number,
  updatesAnEpoch: number,
): boolean {
  if (update === updates) return true;
  if (update < dev.from) return false;
  const every = [dev.everyUpdates, dev.everyEpochs * updatesAnEpoch];
  return every.some((count) => count > 0 && update % count === 0);
}

/**
 * Trains to the last update, or until the signal is aborted.
 * @throws UserError where a loss is not a number, and where the state or the log cannot be written
 */
export async function runFinetuning(loop: FinetuneLoop): Promise<FinetuneEnd> {
  const { engine, trainable, alphabet, settings, keeper, speech, train } = loop;
  const started = performance.now();
  const before = keeper.restored?.state.seconds ?? 0;
  const seconds = (): number => before + (performance.now() - started) / 1000;
  const tokens = alphabet.tokens.length;
  const parameters = startParameters(trainable, tokens, settings.seed, loop.keptOutput);
  const updates = compileUpdates<UpdateInputs>(
    engine,
    lossOf(loop),
    optimizerOf(trainable, settings, parameters),
    `recogniser of ${trainable.encoder.name}`,
  );
  const source = updateSource({
    ...trainable,
    train,
    settings,
    samplesAtOnce: samplesAtOnce(settings, engine.provider),
    audio: (place) => speech.read(train[place] as Transcribed),
  });
  const look = openLooks(loop, source.epochs.updatesAnEpoch);
  const { updates: all, learningRate: peak, schedule } = settings;
  const rate = triStage({
    ...schedule,
    updates: all,
    phases: [schedule.warmUp, schedule.hold, schedule.decay],
  });
  const inputs = inputsAhead(source.partsOf);
  const waiting = waitingClock();
  let logged: FinetuneLog | undefined;
  const first = keeper.restored?.update ?? 0;
  const begun: FinetuneState = keeper.restored?.state ?? {
    ...{ parameters, moments: adamStart(parameters), best: null, curve: [] },
    ...{ lossSum: 0, audioSeconds: 0, seconds: 0 },
  };
  const { parameters: startingFrom, moments, seconds: _, ...rest } = begun;
  const stored = async ({ weights, ...other }: Running): Promise<FinetuneState> => ({
    ...(await readWeights(weights)),
    ...other,
    seconds: seconds(),
  });
  try {
    const { update, state, interrupted } = await runUpdates<Running, FinetuneState>(
      {
        updates: all,
        keeper,
        signal: loop.signal,
        async step({ weights, lossSum, audioSeconds, ...other }, update) {
          const stepStarted = performance.now();
          const learningRate = rate(peak, update);
          const parts = await waiting.for(inputs.of(update));
          const updating = updates.update(weights, parts, { updatesBefore: update, learningRate });
          if (update + 1 < all) inputs.begin(update + 1);
          if (update + 2 < all)
            speech.expect(source.rowsOf(update + 2).map((row) => train[row] as Transcribed));
          const next = await updating;
          const { loss, gradientNorm } = next;
          try {
            await requireFinite({ 'the loss': loss, 'the gradient norm': gradientNorm }, update + 1);
            if (logged === undefined) await loop.begin(first);
            const audio = source.samplesOf(update) / sampleRateHz;
            logged = {
              ...{ step: update + 1, loss, learningRate, gradientNorm, audioSeconds: audio },
              seconds: (performance.now() - stepStarted) / 1000,
              waiting: Number(waiting.share().toFixed(4)),
            };
            await appendToFile(loop.log, `${JSON.stringify(logged)}\n`);
            return {
              ...other,
              weights: next.weights,
              lossSum: lossSum + loss,
              audioSeconds: audioSeconds + audio,
            };
          } catch (error) {
            await releaseWeights(next.weights);
            throw error;
          }
        },
        looks: { every: 1, look },
        stored,
        release: ({ weights }) => releaseWeights(weights),
        report({ best, curve }, update) {
          const last = curve.at(-1);
          if (logged !== undefined)
            loop.report(logged, waiting.shareInAll(), best?.wer, last?.update === update ? last : undefined);
        },
      },
      {
        update: first,
        state: { ...rest, weights: updates.hold({ parameters: startingFrom, moments }, first) },
      },
    );
    const end = await stored(state);
    await releaseWeights(state.weights);
    return { interrupted, update, state: end };
  } finally {
    await look.dispose();
    await updates.dispose();
  }
}

function lossOf({ trainable: { encoder }, alphabet, settings }: FinetuneLoop) {
  const { output: outputDropout } = settings.dropout;
  return (
    parameters: Parameters<typeof recognitionLogits>[1],
    { speech, text, masks, key }: UpdateInputs,
  ) => {
    const logits = recognitionLogits(encoder, parameters, speech, { masks, key, outputDropout });
    return recognitionLoss(logits, text, alphabet.blank);
  };
}

/** Looks at dev where one is due. Of equal word error rates the later one is kept, as fairseq does. */
function openLooks(
  { engine, trainable: { encoder }, alphabet, dev, settings, speech, log }: FinetuneLoop,
  updatesAnEpoch: number,
) {
  let compiled: { readonly frozen: string; readonly program: RecognitionProgram } | undefined;
  /** A program's inputs are the same in every run: where other parameters are frozen, there is another one. */
  const programFor = async ({ resting }: HeldWeights): Promise<RecognitionProgram> => {
    const frozen = Object.keys(resting.first).join();
    if (compiled?.frozen === frozen) return compiled.program;
    await compiled?.program.dispose();
    compiled = { frozen, program: compileRecognition(engine, encoder) };
    return compiled.program;
  };
  const atOnce = samplesAtOnce(settings, engine.provider);
  const look = async (state: Running, update: number): Promise<{ state: Running; ended: boolean }> => {
    if (!isLook(settings, update, updatesAnEpoch)) return { state, ended: false };
    const { trained, frozen } = state.weights;
    const program = await programFor(state.weights);
    const split = logitsOf({ program, encoder, samplesAtOnce: atOnce, speech }, { trained, frozen }, dev);
    const pairs: TextPair[] = [];
    for await (const { text, logits } of split.read())
      pairs.push({ reference: text, hypothesis: greedyText(alphabet, logits) });
    const wer = errorRate(pairs).rate;
    const since = update - (state.curve.at(-1)?.update ?? 0);
    const point = { update, trainLoss: state.lossSum / since, wer };
    await appendToFile(log, `${JSON.stringify({ step: update, dev: { wer } })}\n`);
    const isBest = state.best === null || wer <= state.best.wer;
    const best = isBest ? { update, wer, parameters: await parametersOf(state.weights) } : state.best;
    return { state: { ...state, best, curve: [...state.curve, point], lossSum: 0 }, ended: false };
  };
  return Object.assign(look, { dispose: async () => compiled?.program.dispose() });
}

/** All parameters, in the order that training was given them in. */
async function parametersOf({ trained, frozen, names }: HeldWeights): Promise<HostParameters> {
  const all = { ...(await frozen.read()), ...(await trained.read()) };
  return Object.fromEntries(names.map((name) => [name, all[name] as HostTensor]));
}
