/** @file What is compared of a query and a document: standardised frames, and their exponential cosine distances. */
import { z } from 'zod';
import * as ops from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { parameter } from '../../nn/linear.js';

export const dtwStoredSchema = z.object({
  /** The hidden state that is compared: the best one on dev. */
  layer: z.int().nonnegative(),
  /** A query of fewer frames is not looked for. */
  minimumFrames: z.int().positive(),
});
export type DtwStored = z.infer<typeof dtwStoredSchema>;

/** Below these, deviations and lengths are taken to be so much: a constant dimension stays 0. */
const leastDeviation = 1e-9;
const leastLength = 1e-12;

/** Mean and deviation of every dimension, each [dim]. */
export type Standard<T> = {
  readonly mean: T;
  readonly deviation: T;
};

/** Frames [..., dim] of zero mean and unit variance in every dimension, then of length 1. */
export function unitFrames(frames: ops.Tensor, { mean, deviation }: Standard<ops.Tensor>): ops.Tensor {
  const standard = ops.div(ops.sub(frames, mean), ops.maximum(deviation, leastDeviation)); // [..., dim]
  const length = ops.sqrt(ops.sum(ops.square(standard), -1, true)); // [..., 1]
  return ops.div(standard, ops.maximum(length, leastLength));
}

/** exp(1 - cosine) - 1 of every two frames, in every row brought to 0 ... 1 over the document: [rows, frames]. */
export function scaledDistances(
  queries: ops.Tensor, // [rows, dim], of length 1
  document: ops.Tensor, // [frames, dim], of length 1
): ops.Tensor {
  const cosine = ops.matMul(queries as ops.Tensor2D, document as ops.Tensor2D, false, true); // [rows, frames]
  const distance = ops.sub(ops.exp(ops.sub(1, cosine)), 1);
  const least = ops.min(distance, 1, true); // [rows, 1]
  const range = ops.maximum(ops.sub(ops.max(distance, 1, true), least), 1e-9);
  return ops.div(ops.sub(distance, least), range);
}

/** The frames of the chosen hidden state as they are compared; an exported head is this. */
export function dtwForward({ layer }: DtwStored, parameters: Parameters, states: ops.Tensor) {
  const [, batch = 1, , dim = 0] = states.shape; // [layers, batch, frames, dim]
  const chosen = ops.reshape(ops.slice(states, [layer, 0, 0, 0], [1, batch, -1, dim]), [batch, -1, dim]);
  const standard = { mean: parameter(parameters, 'mean'), deviation: parameter(parameters, 'deviation') };
  return { frames: unitFrames(chosen, standard) }; // [batch, frames, dim]
}
