/** @file Operations of our own: one operator when compiled, plain TensorFlow.js ops when eager. */

import { activeTraceBackend } from './backend.js';
import * as tf from './ops.js';

/**
 * Runs kernel `name`: lowered (see `defineLowering`) while tracing, by `eager` otherwise.
 * Not differentiable by itself: call it inside `tf.customGrad`.
 */
export function lowered(
  name: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: Readonly<Record<string, string | number | boolean | number[]>>,
  eager: () => tf.Tensor[],
): tf.Tensor[] {
  if (activeTraceBackend() === undefined) return eager();
  const outputs: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(name, { ...inputs }, { ...attributes });
  return Array.isArray(outputs) ? outputs : [outputs];
}
