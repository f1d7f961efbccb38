/** @file Transcripts of a split by a CTC head: greedy with the loss for dev, or with a language model for test. */
import type { HeadWork, Prediction } from '../../api/head-kind.js';
import type { CtcSpec } from '../../api/head-spec.js';
import { floatsOf, type HostParameters } from '../../base/host-tensor.js';
import { constants } from '../../engine/constants.js';
import type { Given, Program } from '../../engine/engine.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { collapsePath } from '../../lm/greedy.js';
import { ctcLoss } from '../../nn/ctc.js';
import { type FrameBatch, frameBatch, longestTargets, targetBatch } from './batches.js';
import type { TextDecoder } from './lm-decoding.js';
import { type CtcBatch, type CtcForm, ctcLogits } from './model.js';

type LookInputs = {
  readonly parameters: Parameters;
  readonly batch: CtcBatch;
  /** [batch, L] int32 */
  readonly targets: tf.Tensor;
  readonly targetLengths: tf.Tensor;
};
/** The likeliest token of every step [batch, steps] int32, and the CTC losses [batch]. */
type LookOutputs = { readonly path: tf.Tensor; readonly losses: tf.Tensor };

type TestInputs = { readonly parameters: Parameters; readonly batch: CtcBatch };
/** Log-probabilities of every step [batch, steps, tokens], where they are to be decoded. */
type TestOutputs = { readonly path: tf.Tensor; readonly emissions?: tf.Tensor };

/** What reading texts out of frames takes. */
export interface Reading {
  readonly work: Pick<HeadWork, 'engine' | 'features' | 'title'>;
  readonly spec: CtcSpec;
  readonly form: CtcForm;
  /** If set, hidden states are shifted and scaled by it. */
  readonly standard: HostParameters | undefined;
  readonly batchSize: number;
}

export interface Recognition extends Reading {
  readonly work: HeadWork;
  readonly look: Program<LookInputs, LookOutputs>;
}

/** How it is done. */
export interface Testing {
  /** Of emissions; where it finds no text, the greedy one stays. */
  readonly decoder?: TextDecoder | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function lookProgram({ work, form, standard = {} }: Omit<Recognition, 'look'>): Recognition['look'] {
  return work.engine.compile<LookInputs, LookOutputs>(
    ({ parameters, batch: { states, steps }, targets, targetLengths }) => {
      const logits = ctcLogits({ ...parameters, ...constants(standard) }, form, states, steps);
      const lengths = [steps, targetLengths] as [tf.Tensor1D, tf.Tensor1D];
      const losses = ctcLoss(logits, targets as tf.Tensor2D, ...lengths, form.blank);
      return { path: tf.argMax(logits, -1), losses };
    },
    { name: `dev evaluation of the ${work.title}` },
  );
}

/**
 * Greedy transcripts of dev, in its order, and the mean loss: each utterance's over its tokens, as in training.
 * @param targets the tokens of dev's utterances, in its order
 */
export async function lookAtDev(
  recognition: Recognition,
  parameters: Given<Parameters>,
  targets: readonly (readonly number[])[],
): Promise<{ readonly predictions: readonly Prediction[]; readonly loss: number }> {
  const { work, form, batchSize, look } = recognition;
  const frames = work.places.dev.map((place) => work.features.rows[place] as number);
  const longest = longestTargets(frames, targets, form.join);
  const predictions: Prediction[] = [];
  let loss = 0;
  for await (const { batch, utterances } of batchesOf(recognition, work.places.dev)) {
    const padded = (batch.states.shape[2] as number) / form.join;
    const own = utterances.map((utterance) => targets[utterance] ?? []);
    const { weights: _, ...wanted } = targetBatch(own, batchSize, longest(padded));
    const { path, losses } = await look.run({ parameters, batch, ...wanted });
    for (const [row, utterance] of utterances.entries()) {
      predictions[utterance] = greedy(recognition, path.data, row, padded, batch);
      const tokens = Math.max(1, own[row]?.length ?? 0);
      loss += (losses.data[row] as number) / (targets.length * tokens);
    }
  }
  return { predictions, loss };
}

/**
 * Transcripts of utterances, in their order.
 * @param places where they stand in the features
 * @throws the signal's reason when it is aborted
 */
export async function transcribe(
  reading: Reading,
  parameters: HostParameters,
  places: readonly number[],
  { decoder, signal }: Testing = {},
): Promise<Prediction[]> {
  const { work, spec, form, standard = {} } = reading;
  const tokens = spec.tokens.length;
  const program = work.engine.compile<TestInputs, TestOutputs>(
    ({ parameters: values, batch: { states, steps } }) => {
      const logits = ctcLogits({ ...values, ...constants(standard) }, form, states, steps);
      return { path: tf.argMax(logits, -1), ...(decoder && { emissions: tf.logSoftmax(logits, -1) }) };
    },
    { name: `transcripts of the ${work.title}` },
  );
  const predictions: Prediction[] = [];
  try {
    for await (const { batch, utterances } of batchesOf(reading, places)) {
      signal?.throwIfAborted();
      const { path, emissions } = await program.run({ parameters, batch });
      const padded = path.shape[1] as number;
      for (const [row, utterance] of utterances.entries()) {
        const [start, steps] = [row * padded, batch.steps.data[row] as number];
        const own = emissions && floatsOf(emissions).subarray(start * tokens, (start + steps) * tokens);
        const text = own && decoder?.(own);
        predictions[utterance] =
          text === undefined
            ? greedy(reading, path.data, row, padded, batch)
            : { columns: { [spec.column]: text } };
      }
    }
  } finally {
    await program.dispose();
  }
  return predictions;
}

/** The text of one row of a batch's paths, `padded` steps each. */
function greedy(
  { spec, form }: Reading,
  paths: ArrayLike<number>,
  row: number,
  padded: number,
  { steps }: FrameBatch,
): Prediction {
  const path = Array.from({ length: steps.data[row] as number }, (_, i) => paths[row * padded + i] as number);
  return { columns: { [spec.column]: spec.decode(collapsePath(path, form.blank)) } };
}

/** Utterances by length, and which ones they are. */
async function* batchesOf(
  { work: { features }, batchSize, form }: Reading,
  places: readonly number[],
): AsyncGenerator<{ readonly batch: FrameBatch; readonly utterances: readonly number[] }> {
  const byLength = places
    .map((place, i) => ({ place, i, frames: features.rows[place] as number }))
    .sort((a, b) => a.frames - b.frames || a.i - b.i);
  for (let start = 0; start < byLength.length; start += batchSize) {
    const part = byLength.slice(start, start + batchSize);
    const own = part.map(({ place }) => place);
    yield {
      batch: await frameBatch(features, own, batchSize, form.join),
      utterances: part.map(({ i }) => i),
    };
  }
}
