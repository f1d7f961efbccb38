/** @file What brings features to zero mean and unit variance over the train split. */
import { float32, type HostParameters } from '../base/host-tensor.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import type { Features } from '../features/reader.js';

/** Keeps what never changes from being blown up. */
const smallestVariance = 1e-5;

/** Statistics of frames are taken over at most about this many utterances, evenly spread. */
const standardUtterances = 256;

/**
 * Mean and one over the standard deviation of every dimension of every layer, over (a part of) the train split's frames.
 * @returns `standard.mean` and `standard.scale`, each [layers, dim]: parameters that are not trained
 */
export async function frameStandard(features: Features, places: readonly number[]): Promise<HostParameters> {
  const { mean, variance } = await momentsOf(features, places, standardUtterances);
  return standardOf(features, mean, variance);
}

/**
 * The same of features that are means over time, all of the train split: the mean of every dimension, but one scale a layer, so that
 * dimensions keep their share. Those that hardly change in train would else be as loud as the rest, and deafening where
 * other microphones change them.
 */
export async function meansStandard(features: Features, places: readonly number[]): Promise<HostParameters> {
  const { dim } = features;
  const { mean, variance } = await momentsOf(features, places, places.length);
  const ofLayers = variance.map((_, at) => {
    const first = at - (at % dim);
    return variance.subarray(first, first + dim).reduce((sum, value) => sum + value / dim, 0);
  });
  return standardOf(features, mean, ofLayers);
}

function standardOf({ layers, dim }: Features, mean: Float32Array, variance: Float64Array): HostParameters {
  const scale = Float32Array.from(variance, (value) => 1 / Math.sqrt(Math.max(value, smallestVariance)));
  return { 'standard.mean': float32([layers, dim], mean), 'standard.scale': float32([layers, dim], scale) };
}

/** Mean and variance of every dimension of every layer, over at most about so many utterances. */
async function momentsOf(
  features: Features,
  places: readonly number[],
  most: number,
): Promise<{ readonly mean: Float32Array; readonly variance: Float64Array }> {
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
  const variance = squares.map((square, column) => square / frames - (mean[column] as number) ** 2);
  return { mean, variance };
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
