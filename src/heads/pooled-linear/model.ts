/** @file SUPERB's utterance head over per-layer means: exact, since sum, projection and mean commute. */
import { z } from 'zod';
import type { PooledSpec } from '../../api/head-spec.js';
import { float32, type HostParameters } from '../../base/host-tensor.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { parameter } from '../../nn/linear.js';
import { linearStart } from '../../training/start.js';
import { frameMask } from '../frame-mask.js';
import { standardized } from '../standard.js';

export type Slots = PooledSpec['slots'];

/** What the forward pass needs beside the parameters. */
export const pooledStoredSchema = z.object({
  slots: z.array(z.object({ column: z.string(), classes: z.array(z.string()) })).min(1),
});

export type PooledStored = z.infer<typeof pooledStoredSchema>;

/** Classifiers with so many outputs at least; those that no class of the train split has are named as nothing else is. */
export function withOutputs(slots: Slots, { outputs = 0 }: { readonly outputs?: number | undefined }): Slots {
  return slots.map(({ column, classes }) => ({
    column,
    classes: [
      ...classes,
      ...Array.from({ length: Math.max(0, outputs - classes.length) }, (_, i) => `(no ${column} ${i + 1})`),
    ],
  }));
}

/** Layer weights at zero (a uniform sum), linear maps as torch starts them. */
export function pooledStart(
  seed: number,
  layers: number,
  dim: number,
  slots: Slots,
  projectionSize: number,
): HostParameters {
  return {
    layerWeights: float32([layers]),
    ...linearStart(seed, 'projector', dim, projectionSize),
    ...Object.assign(
      {},
      ...slots.map(({ classes }, i) => linearStart(seed, `classifier.${i}`, projectionSize, classes.length)),
    ),
  };
}

/**
 * Logits of every run and slot.
 * @param parameters `pooledStart`'s, each [runs, ...]
 * @param means [seeds, layers, batch, dim]; runs are a multiple of the seeds
 * @returns [runs, batch, classes] for each slot
 */
export function pooledLogits(parameters: Parameters, slots: number, means: tf.Tensor): tf.Tensor3D[] {
  const [seeds, layers, batch, dim] = means.shape as [number, number, number, number];
  const weights = tf.softmax(parameter(parameters, 'layerWeights')); // [runs, layers]
  const runs = weights.shape[0] as number;
  const bySeed = tf.reshape(weights, [seeds, runs / seeds, layers]) as tf.Tensor3D;
  const flat = tf.reshape(means, [seeds, layers, batch * dim]) as tf.Tensor3D;
  const summed = tf.reshape(tf.matMul(bySeed, flat), [runs, batch, dim]) as tf.Tensor3D;
  const projector = parameter(parameters, 'projector.weight') as tf.Tensor3D; // [runs, width, dim]
  const width = projector.shape[1];
  const shift = tf.reshape(parameter(parameters, 'projector.bias'), [runs, 1, width]) as tf.Tensor3D;
  return Array.from({ length: slots }, (_, slot) => {
    const classifier = parameter(parameters, `classifier.${slot}.weight`) as tf.Tensor3D; // [runs, classes, width]
    const classes = classifier.shape[1];
    const bias = tf.reshape(parameter(parameters, `classifier.${slot}.bias`), [runs, 1, classes]);
    const projectFirst = batch * width * (dim + classes) <= classes * dim * (width + batch);
    // Two linear maps in a row are one: their product first, where that is less work.
    const scores = projectFirst
      ? tf.matMul(tf.matMul(summed, projector, false, true), classifier, false, true)
      : tf.matMul(summed, tf.matMul(classifier, projector), false, true); // [runs, batch, classes]
    const shifted = tf.add(tf.matMul(shift, classifier, false, true), bias); // [runs, 1, classes]
    return tf.add(scores, shifted) as tf.Tensor3D;
  });
}

/**
 * Logits of one head from hidden states: `pooledLogits` of their means over time.
 * @param parameters `pooledStart`'s, and those of the standard if means are to be shifted and scaled
 * @param states [layers, batch, frames, dim]
 * @param lengths [batch] int32: frames that count (default: all)
 * @returns `logits` [batch, classes] of one classifier, `logits.<column>` of several
 */
export function pooledForward(
  { slots }: PooledStored,
  parameters: Parameters,
  states: tf.Tensor,
  lengths?: tf.Tensor,
): Record<string, tf.Tensor> {
  const oneRun = Object.entries(parameters).map(([name, value]) => [name, tf.expandDims(value, 0)]);
  const means = tf.expandDims(standardized(parameters, meansOf(states, lengths)), 0); // [1, layers, batch, dim]
  const logits = pooledLogits(Object.fromEntries(oneRun), slots.length, means);
  return Object.fromEntries(
    logits.map((values, i) => [
      slots.length === 1 ? 'logits' : `logits.${slots[i]?.column}`,
      tf.squeeze(values, [0]),
    ]),
  );
}

/** Means over time: [layers, batch, dim]. */
function meansOf(states: tf.Tensor, lengths: tf.Tensor | undefined): tf.Tensor {
  if (lengths === undefined) return tf.mean(states, 2);
  const own = tf.mul(states, frameMask(lengths, states.shape[2] as number));
  return tf.div(tf.sum(own, 2), tf.reshape(tf.cast(lengths, 'float32'), [1, -1, 1]));
}
