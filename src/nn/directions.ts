/** @file Sequences read in both directions at once: the second copy is flipped in time, its padding first. */
import * as tf from '../engine/ops.js';

/** [T, B, N] to [2, T, B, N]: as it is for the forward direction, flipped in time for the other. */
export function bothDirections(x: tf.Tensor3D): tf.Tensor4D {
  return tf.stack([x, tf.reverse(x, 0)]) as tf.Tensor4D;
}

/** Flips the second direction of [2, T, B, N] in time. */
export function flipSecond(x: tf.Tensor4D): tf.Tensor4D {
  const [first, second] = tf.split(x, 2, 0) as [tf.Tensor4D, tf.Tensor4D];
  return tf.concat([first, tf.reverse(second, 1)], 0);
}

/** [2, T, B, 1]: 1 on an utterance's frames, the second direction flipped in time. */
export function frameMasks(lengths: tf.Tensor1D, frames: number): tf.Tensor4D {
  const times = tf.tensor2d(
    Array.from({ length: frames }, (_, t) => t),
    [frames, 1],
    'int32',
  );
  const mask = tf.cast(tf.less(times, tf.expandDims(lengths, 0)), 'float32'); // [T, B]
  return bothDirections(tf.expandDims(mask, 2));
}

/** [2, T, B, N] to [T, 2, B, N], or back. */
export const timeFirst = (x: tf.Tensor4D): tf.Tensor4D => tf.transpose(x, [1, 0, 2, 3]);
