/** @file Sequences read in one direction, or in both at once: the second copy is flipped in time, its padding first. */
import * as tf from '../engine/ops.js';

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

/** [directions, T, B, 1]: 1 on an utterance's frames, the second direction flipped in time. */
export function frameMasks(lengths: tf.Tensor1D, frames: number, directions: number): tf.Tensor4D {
  const times = tf.tensor2d(
    Array.from({ length: frames }, (_, t) => t),
    [frames, 1],
    'int32',
  );
  const mask = tf.cast(tf.less(times, tf.expandDims(lengths, 0)), 'float32'); // [T, B]
  return inDirections(tf.expandDims(mask, 2), directions);
}

/** [directions, T, B, N] to [T, directions, B, N], or back. */
export const timeFirst = (x: tf.Tensor4D): tf.Tensor4D => tf.transpose(x, [1, 0, 2, 3]);
