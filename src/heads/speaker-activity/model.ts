/**
 * @file SUPERB's head for diarisation: layer sum, an LSTM layer, a Linear that says of each frame who speaks; and its loss.
 *
 * As s3prl's downstream/diarization/model.py and utils.py. The order of the speakers means nothing (Yu et al. 2017).
 */
import { z } from 'zod';
import { float32, type HostParameters } from '../../base/host-tensor.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { detached } from '../../nn/custom.js';
import { layerSum } from '../../nn/layer-sum.js';
import { linear, parameter } from '../../nn/linear.js';
import { lstm } from '../../nn/lstm.js';
import { linearStart, lstmStart } from '../../training/start.js';
import { frameMask } from '../frame-mask.js';

export const activityStoredSchema = z.object({
  column: z.string(),
  speakers: z.int().positive(),
  /** Frames after which the LSTM begins anew. */
  pieceFrames: z.int().positive(),
  /** Above it, a speaker speaks; in so many frames of a median filter afterwards. */
  threshold: z.number(),
  medianFrames: z.int().positive(),
});

export type ActivityStored = z.infer<typeof activityStoredSchema>;

export interface ActivitySizes {
  readonly layers: number;
  readonly dim: number;
  readonly lstmSize: number;
  readonly speakers: number;
}

/** Layer weights at zero, LSTM and Linear as torch starts them. */
export function activityStart(seed: number, sizes: ActivitySizes): HostParameters {
  const { layers, dim, lstmSize, speakers } = sizes;
  return {
    layerWeights: float32([layers]),
    ...lstmStart(seed, 'lstm', '_l0', dim, lstmSize),
    ...linearStart(seed, 'output', lstmSize, speakers),
  };
}

/**
 * Whether each speaker speaks, before the sigmoid: the one forward pass.
 * @param states [layers, batch, frames, dim]
 * @param lengths [batch] int32: frames of each piece (default: all)
 * @returns [batch, frames, speakers]
 */
export function activityLogits(parameters: Parameters, states: tf.Tensor, lengths?: tf.Tensor): tf.Tensor {
  const summed = layerSum(parameter(parameters, 'layerWeights'), states) as tf.Tensor3D;
  const own = lengths ?? allFrames(summed);
  return linear(parameters, 'output', lstm(parameters, 'lstm', summed, own as tf.Tensor1D));
}

/** [batch] int32: all the frames of [batch, frames, dim], however many. */
function allFrames(x: tf.Tensor): tf.Tensor {
  return tf
    .onesLike(x.slice([0, 0, 0], [-1, -1, 1]))
    .sum([1, 2])
    .toInt();
}

/** Every order of so many speakers. */
export function ordersOf(speakers: number): readonly (readonly number[])[] {
  const extended = (order: readonly number[]): number[][] =>
    order.length === speakers
      ? [[...order]]
      : Array.from({ length: speakers }, (_, next) => next).flatMap((next) =>
          order.includes(next) ? [] : extended([...order, next]),
        );
  return extended([]);
}

/**
 * The permutation-invariant losses of pieces: binary cross-entropy, its mean over speakers summed over the own frames, in
 * the order of speakers in which that is least.
 * @param logits [batch, frames, speakers]
 * @param labels [batch, frames, speakers]: 1 where a speaker speaks
 * @param lengths [batch] int32
 * @returns [batch]
 */
export function permutationInvariantLosses(
  logits: tf.Tensor,
  labels: tf.Tensor,
  lengths: tf.Tensor,
): tf.Tensor {
  const [batch, frames, speakers] = logits.shape as [number, number, number];
  const own = tf.reshape(frameMask(lengths, frames), [batch, frames, 1]);
  // Of every speaker's output against every speaker's labels: the sum of softplus(logit) - logit * label.
  const silent = tf.softplus(logits).mul(own).sum(1).reshape([batch, speakers, 1]);
  const agreed = tf.matMul(logits.mul(own) as tf.Tensor3D, labels as tf.Tensor3D, true); // [batch, output, label]
  const costs = silent.sub(agreed);
  const inOrder = (order: readonly number[]): tf.Tensor =>
    order
      .map((label, output) => costs.slice([0, output, label], [-1, 1, 1]).reshape([batch]))
      .reduce((sum, cost) => sum.add(cost))
      .div(speakers);
  // Of two orders that cost the same, the gradient is that of the first, not of both.
  return ordersOf(speakers)
    .map(inOrder)
    .reduce((best, next) =>
      tf.where(
        detached(next.sub(best), (apart) => apart.less(0)),
        next,
        best,
      ),
    );
}

/** Pieces of recordings and what they are to say. A type, so that it is a tree. */
export type ActivityBatch = {
  /** [layers, batch, frames, dim] */
  readonly states: tf.Tensor;
  /** [batch] int32 */
  readonly lengths: tf.Tensor;
  /** [batch, frames, speakers] */
  readonly labels: tf.Tensor;
  /** [batch]: `frameShares` */
  readonly shares: tf.Tensor;
};

/**
 * What a frame of each piece counts in a loss that is the mean over the frames of its batch, then over batches of so many
 * pieces each.
 * @param lengths frames of each piece, of one batch after the other
 */
export function frameShares(lengths: readonly number[], batchSize: number): Float32Array {
  const batches = lengths.length / batchSize;
  return Float32Array.from(lengths, (_, row) => {
    const first = row - (row % batchSize);
    const frames = lengths.slice(first, first + batchSize).reduce((sum, length) => sum + length);
    return 1 / (frames * batches);
  });
}

/** The mean over batches of the mean over the frames of each. */
export function activityLoss(
  parameters: Parameters,
  { states, lengths, labels, shares }: ActivityBatch,
): { readonly loss: tf.Tensor } {
  const losses = permutationInvariantLosses(activityLogits(parameters, states, lengths), labels, lengths);
  return { loss: losses.mul(shares).sum() };
}

/** @returns `logits` [batch, frames, speakers] */
export function activityForward(
  _stored: ActivityStored,
  parameters: Parameters,
  states: tf.Tensor,
  lengths?: tf.Tensor,
): { readonly logits: tf.Tensor } {
  return { logits: activityLogits(parameters, states, lengths) };
}
