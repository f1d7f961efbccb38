/** @file The scores of trials: cosines of the embeddings of two utterances. */
import type { HeadWork, Prediction, PredictionWork } from '../../api/head-kind.js';
import { float32, floatsOf, type HostParameters } from '../../base/host-tensor.js';
import type { Pair } from '../../data/pairs.js';
import type { Given, Program } from '../../engine/engine.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { type XVectorStored, xVectors } from './model.js';

type Looked = { readonly parameters: Parameters; readonly states: tf.Tensor };
type Look = Program<Looked, { readonly embedding: tf.Tensor }>;

/** The program of embeddings: of an utterance alone, of any length; nothing is padded. */
export function embeddingsOf({ engine, title }: Pick<HeadWork, 'engine' | 'title'>): Look {
  return engine.compile<Looked, { readonly embedding: tf.Tensor }>(
    ({ parameters, states }) => ({ embedding: xVectors(parameters, states) }),
    { name: `embeddings of the ${title}`, dynamicAxes: { states: 2 } },
  );
}

/**
 * The cosine of the embeddings of each trial; every utterance runs once.
 * @param places where the utterances stand in the features, to which the trials' `first` and `second` point
 */
export async function cosinesOf(
  features: HeadWork['features'],
  look: Look,
  parameters: Given<Parameters>,
  places: readonly number[],
  trials: readonly Pair[],
): Promise<number[]> {
  const { layers, dim } = features;
  const embeddings = new Map<number, Float32Array>();
  for (const index of new Set(trials.flatMap(({ first, second }) => [first, second]))) {
    const place = places[index] as number;
    const frames = features.rows[place] as number;
    const states = float32([layers, 1, frames, dim], await features.load(place));
    const { embedding } = await look.run({ parameters, states });
    embeddings.set(index, Float32Array.from(floatsOf(embedding)));
  }
  const of = (index: number): Float32Array => embeddings.get(index) ?? new Float32Array();
  return trials.map(({ first, second }) => cosine(of(first), of(second)));
}

/** 0 where one of the two is nothing but zeros, as torch.nn.functional.normalize gives it. */
function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  const norm = Math.sqrt(dot(a, a) * dot(b, b));
  return norm === 0 ? 0 : dot(a, b) / norm;
}

export const predictionOf = (cosine: number): Prediction => ({ columns: { score: String(cosine) } });

/** What a head that is trained says of other trials, in their order. */
export async function trialsScored(
  work: PredictionWork,
  _stored: XVectorStored,
  parameters: HostParameters,
): Promise<readonly Prediction[]> {
  const look = embeddingsOf(work);
  try {
    const cosines = await cosinesOf(work.features, look, parameters, work.places, work.pairs ?? []);
    return cosines.map(predictionOf);
  } finally {
    await look.dispose();
  }
}
