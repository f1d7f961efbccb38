/** @file What brings features to zero mean and unit variance over the train split. */
import { float32, type HostParameters } from '../base/host-tensor.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import type { Features } from '../features/store.js';

/** Keeps a dimension that never changes from being blown up. */
const smallestVariance = 1e-5;

/** Statistics of frames are taken over at most about this many utterances, evenly spread. */
const standardUtterances = 256;

/**
 * Mean and one over the standard deviation of every dimension of every layer, over (a part of) the train split.
 * @param most how many utterances they are taken over
 * @returns `standard.mean` and `standard.scale`, each [layers, dim]: parameters that are not trained
 */
export async function featureStandard(
  features: Features,
  places: readonly number[],
  most = standardUtterances,
): Promise<HostParameters> {
  const { layers, dim } = features;
  const [sums, squares] = [new Float64Array(layers * dim), new Float64Array(layers * dim)];
  const stride = Math.max(1, Math.floor(places.length / most));
  let frames = 0;
  for (let i = 0; i < places.length; i += stride) {
    const place = places[i] as number;
    const rows = features.rows[place] as number;
    const values = await features.load(place);
    for (let at = 0; at < values.length; at++) {
      const column = Math.floor(at / (rows * dim)) * dim + (at % dim);
      const value = values[at] as number;
      sums[column] = (sums[column] as number) + value;
      squares[column] = (squares[column] as number) + value * value;
    }
    frames += rows;
  }
  const mean = Float32Array.from(sums, (sum) => sum / frames);
  const scale = Float32Array.from(squares, (square, column) => {
    const variance = square / frames - (mean[column] as number) ** 2;
    return 1 / Math.sqrt(Math.max(variance, smallestVariance));
  });
  return { 'standard.mean': float32([layers, dim], mean), 'standard.scale': float32([layers, dim], scale) };
}

/** [layers, dim] of a row of every layer shifted and scaled; `values` where there is no standard. */
export function standardRow(standard: HostParameters, values: Float32Array): Float32Array {
  const { 'standard.mean': mean, 'standard.scale': scale } = standard;
  if (mean === undefined || scale === undefined) return values;
  return values.map((value, i) => (value - (mean.data[i] as number)) * (scale.data[i] as number));
}

/** Hidden states [layers, ..., dim] shifted and scaled, where the parameters say how. */
export function standardized(parameters: Parameters, states: tf.Tensor): tf.Tensor {
  const { 'standard.mean': mean, 'standard.scale': scale } = parameters;
  if (mean === undefined || scale === undefined) return states;
  const shape = states.shape.map((size, axis) => (axis === 0 || axis === states.rank - 1 ? size : 1));
  return tf.mul(tf.sub(states, tf.reshape(mean, shape)), tf.reshape(scale, shape));
}
