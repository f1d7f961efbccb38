/**
 * @file SUPERB's head for speaker verification: layer sum, Linear, five TDNN layers, statistics over time, an embedding.
 *
 * As s3prl's downstream/sv_voxceleb1/model.py: no padding, no normalisation of batches, no dropout. The embedding is what the
 * first Linear behind the statistics gives, after its ReLU.
 */
import { z } from 'zod';
import { float32, type HostParameters } from '../../base/host-tensor.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { detached } from '../../nn/custom.js';
import { layerSum } from '../../nn/layer-sum.js';
import { linear, parameter } from '../../nn/linear.js';
import { ownSteps } from '../../nn/own-steps.js';
import { linearStart, normalTensor } from '../../training/start.js';

/** Which frames each TDNN layer sees: so many, so far apart. */
const contexts = [
  { taps: 5, dilation: 1 },
  { taps: 3, dilation: 2 },
  { taps: 3, dilation: 3 },
  { taps: 1, dilation: 1 },
  { taps: 1, dilation: 1 },
] as const;

/** Frames that the TDNN layers take away together. */
export const framesLost = contexts.reduce((sum, { taps, dilation }) => sum + (taps - 1) * dilation, 0);
/** Two frames must be left for a deviation. */
export const fewestFrames = framesLost + 2;

/** What the forward pass needs beside the parameters: nothing decides it, the classes are of training. */
export const xVectorStoredSchema = z.object({ column: z.string(), classes: z.array(z.string()) });
export type XVectorStored = z.infer<typeof xVectorStoredSchema>;

export interface XVectorSizes {
  readonly layers: number;
  readonly dim: number;
  readonly width: number;
  readonly pooledWidth: number;
  readonly classes: number;
}

/** Layer weights at zero, Linears as torch starts them, the classes' vectors Xavier normal. */
export function xVectorStart(seed: number, sizes: XVectorSizes): HostParameters {
  const { layers, dim, width, pooledWidth, classes } = sizes;
  const tdnn = contexts.map(({ taps }, i) =>
    linearStart(seed, `tdnn.${i}`, taps * width, i === contexts.length - 1 ? pooledWidth : width),
  );
  return {
    layerWeights: float32([layers]),
    ...linearStart(seed, 'projector', dim, width),
    ...Object.assign({}, ...tdnn),
    ...linearStart(seed, 'embedding', 2 * pooledWidth, width),
    ...linearStart(seed, 'hidden', width, width),
    'speakers.weight': normalTensor(
      seed,
      'speakers.weight',
      [width, classes],
      Math.sqrt(2 / (width + classes)),
    ),
  };
}

/**
 * The embeddings of utterances: the one forward pass.
 * @param states [layers, batch, frames, dim], at least 16 frames
 * @param lengths [batch] int32: frames of each utterance (default: all), at least 16
 * @returns [batch, width]
 */
export function xVectors(parameters: Parameters, states: tf.Tensor, lengths?: tf.Tensor): tf.Tensor {
  const summed = layerSum(parameter(parameters, 'layerWeights'), states); // [batch, frames, dim]
  let x = linear(parameters, 'projector', summed); // [batch, frames, width]
  for (const [i, context] of contexts.entries())
    x = tf.relu(linear(parameters, `tdnn.${i}`, windows(x, context))); // [batch, fewer frames, width]
  return tf.relu(linear(parameters, 'embedding', statistics(x, lengths?.sub(framesLost))));
}

/** The frames that each window sees, one after the other: [batch, frames, width] to [batch, windows, taps * width]. */
function windows(x: tf.Tensor, { taps, dilation }: (typeof contexts)[number]): tf.Tensor {
  if (taps === 1) return x;
  const [, frames, width] = x.shape as [number, number, number];
  const count = frames - (taps - 1) * dilation;
  const seen = Array.from({ length: taps }, (_, k) => x.slice([0, k * dilation, 0], [-1, count, width]));
  return tf.concat(seen, 2);
}

/** Means and unbiased deviations over the own frames: [batch, frames, width] to [batch, 2 * width]. */
function statistics(x: tf.Tensor, counts: tf.Tensor | undefined): tf.Tensor {
  // 1 on own frames, [batch, frames, 1].
  const own =
    counts === undefined
      ? tf.onesLike(x.slice([0, 0, 0], [-1, -1, 1]))
      : ownSteps(counts, x, 1).toFloat().expandDims(2);
  const count = own.sum(1); // [batch, 1]
  const mean = x.mul(own).sum(1).div(count); // [batch, width]
  const apart = x.sub(mean.expandDims(1)).mul(own);
  const variance = apart.square().sum(1).div(count.sub(1));
  return tf.concat([mean, root(variance)], 1);
}

/** The square root, whose gradient at zero is zero, as that of torch's deviation and norm. */
function root(x: tf.Tensor): tf.Tensor {
  const positive = detached(x, (value) => value.greater(0));
  return tf.where(positive, tf.where(positive, x, tf.onesLike(x)).sqrt(), tf.zerosLike(x));
}

/** Divided by its norm along an axis, as torch.nn.functional.normalize. */
function normalized(x: tf.Tensor, axis: number): tf.Tensor {
  return x.div(tf.maximum(root(x.square().sum(axis, true)), 1e-12));
}

/**
 * AM-softmax (Wang et al. 2018): the cross-entropy of scaled cosines, that of the right class lowered by a margin first.
 * @param x [batch, width]
 * @param weights [width, classes]
 * @param targets [batch, classes]: 1 at the right class
 * @returns [batch]
 */
export function amSoftmaxLosses(
  x: tf.Tensor,
  weights: tf.Tensor,
  targets: tf.Tensor,
  { scale, margin }: { readonly scale: number; readonly margin: number },
): tf.Tensor {
  const cosines = tf.matMul(normalized(x, 1) as tf.Tensor2D, normalized(weights, 0) as tf.Tensor2D);
  const logits = cosines.sub(targets.mul(margin)).mul(scale);
  return tf.logSoftmax(logits, 1).mul(targets).sum(1).neg();
}

/** Frames of a batch and their right classes. A type, so that it is a tree. */
export type XVectorBatch = {
  /** [layers, batch, frames, dim] */
  readonly states: tf.Tensor;
  /** [batch] int32 */
  readonly lengths: tf.Tensor;
  /** [batch, classes] */
  readonly targets: tf.Tensor;
};

/** The mean loss of a batch: embeddings go through one more Linear and ReLU, in training alone. */
export function xVectorLoss(settings: { readonly scale: number; readonly margin: number }) {
  return (
    parameters: Parameters,
    { states, lengths, targets }: XVectorBatch,
  ): { readonly loss: tf.Tensor } => {
    const hidden = tf.relu(linear(parameters, 'hidden', xVectors(parameters, states, lengths)));
    return {
      loss: amSoftmaxLosses(hidden, parameter(parameters, 'speakers.weight'), targets, settings).mean(),
    };
  };
}

/** @returns `embedding` [batch, width] */
export function xVectorForward(
  _stored: XVectorStored,
  parameters: Parameters,
  states: tf.Tensor,
  lengths?: tf.Tensor,
): { readonly embedding: tf.Tensor } {
  return { embedding: xVectors(parameters, states, lengths) };
}
