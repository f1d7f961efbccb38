/** @file What a diarisation head hears in recordings: logits piece by piece, and the turns that they make. */
import type { Prediction, PredictionWork } from '../../api/head-kind.js';
import { float32, floatsOf, type HostParameters } from '../../base/host-tensor.js';
import type { Given, Program } from '../../engine/engine.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { formatTurns } from '../../metrics/index.js';
import { type Decision, piecesOf, turnsOfLogits } from './labels.js';
import { type ActivityStored, activityLogits } from './model.js';

type Looked = { readonly parameters: Parameters; readonly states: tf.Tensor };

export interface Hearing extends Pick<ActivityStored, 'speakers' | 'pieceFrames'> {
  readonly features: PredictionWork['features'];
  readonly look: Program<Looked, { readonly logits: tf.Tensor }>;
}

export function hearingOf(
  { engine, features, title }: Pick<PredictionWork, 'engine' | 'features' | 'title'>,
  { speakers, pieceFrames }: Pick<ActivityStored, 'speakers' | 'pieceFrames'>,
): Hearing {
  const look = engine.compile<Looked, { readonly logits: tf.Tensor }>(
    ({ parameters, states }) => ({ logits: activityLogits(parameters, states) }),
    { name: `dev evaluation of the ${title}`, dynamicAxes: { states: 2 } },
  );
  return { features, look, speakers, pieceFrames };
}

/** The logits of recordings, each [frames, speakers]: piece by piece, each alone and unpadded. */
export async function logitsAt(
  hearing: Hearing,
  parameters: Given<Parameters>,
  places: readonly number[],
): Promise<Float32Array[]> {
  const { features, look, speakers, pieceFrames } = hearing;
  const recordings: Float32Array[] = [];
  for (const place of places) {
    const all = features.rows[place] as number;
    const recording = new Float32Array(all * speakers);
    for (const { first, frames } of piecesOf(all, pieceFrames)) {
      const states = await piece(hearing, place, first, frames);
      const { logits } = await look.run({ parameters, states });
      recording.set(floatsOf(logits), first * speakers);
    }
    recordings.push(recording);
  }
  return recordings;
}

/** [layers, 1, frames, dim] */
async function piece({ features }: Hearing, place: number, first: number, frames: number) {
  const { layers, dim, rows } = features;
  const values = await features.load(place);
  const [all, length] = [(rows[place] as number) * dim, frames * dim];
  if (all === length) return float32([layers, 1, frames, dim], values);
  const own = new Float32Array(layers * length);
  for (let layer = 0; layer < layers; layer++) {
    const start = layer * all + first * dim;
    own.set(values.subarray(start, start + length), layer * length);
  }
  return float32([layers, 1, frames, dim], own);
}

/** Who speaks when in recordings, from their logits. */
export function turnPredictions(
  { column, speakers }: Pick<ActivityStored, 'column' | 'speakers'>,
  recordings: readonly Float32Array[],
  hopSamples: number,
  decision: Decision,
): Prediction[] {
  return recordings.map((logits) => ({
    columns: { [column]: formatTurns(turnsOfLogits(logits, speakers, hopSamples, decision)) },
  }));
}

/** What a head that is trained says of other recordings, in their order. */
export async function turnsHeard(
  work: PredictionWork,
  stored: ActivityStored,
  parameters: HostParameters,
): Promise<readonly Prediction[]> {
  const hearing = hearingOf(work, stored);
  try {
    const recordings = await logitsAt(hearing, parameters, work.places);
    return turnPredictions(stored, recordings, work.hopSamples, stored);
  } finally {
    await hearing.look.dispose();
  }
}
