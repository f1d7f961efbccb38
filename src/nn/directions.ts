/** @file Sequences read in one direction, or in both at once: the second copy is flipped in time, its padding first. */
import * as tf from '../engine/ops.js';
import { ownSteps } from './own-steps.js';

/** [T, B, N] to [directions, T, B, N]: as it is for the forward direction, flipped in time for the other. */
export function inDirections(x: tf.Tensor3D, directions: number): tf.Tensor4D {
  return (directions === 1 ? tf.expandDims(x, 0) : tf.stack([x, tf.reverse(x, 0)])) as tf.Tensor4D;
}

/** Flips the second direction of [directions, T, B, N], where there is one, in time. */
export function flipSecond(x: tf.Tensor4D): tf.Tensor4D {
  if (x.shape[0] === 1) return x;
  const [first, second] = tf.split(x, 2, 0) as [tf.Tensor4D, tf.Tensor4D];
  return tf.concat([first, tf.reverse(second, 1)], 0);
}

/**
 * 1 on an utterance's own frames, else 0, the second direction flipped in time.
 * @param lengths [B]
 * @param x [T, B, D]
 * @returns [T, directions, 1, B]
 */
export function frameMasks(lengths: tf.Tensor1D, x: tf.Tensor3D, directions: number): tf.Tensor4D {
  const own = tf.transpose(tf.cast(ownSteps(lengths, x, 0), 'float32')); // [T, B]
  return timeFirst(inDirections(tf.expandDims(own, 1), directions));
}

/** [directions, T, B, N] to [T, directions, B, N], or back. */
export function timeFirst(x: tf.Tensor4D): tf.Tensor4D {
  const [first, second, ...rest] = x.shape;
  // Nothing moves where there is one direction.
  return first === 1 || second === 1
    ? tf.reshape(x, [second, first, ...rest])
    : tf.transpose(x, [1, 0, 2, 3]);
}
