/**
 * @file Sequences read in one direction, or in both at once. The second copy is each row's own steps from their end; its padding
 * comes last as well, so that no step needs to know of it.
 */
import * as tf from '../engine/ops.js';
import { ownSteps } from './own-steps.js';

/** [T, B, N] to [directions, T, B, N]: as it is for the forward direction, each row's own steps reversed for the other. */
export function inDirections(x: tf.Tensor3D, lengths: tf.Tensor1D, directions: number): tf.Tensor4D {
  return (directions === 1 ? tf.expandDims(x, 0) : tf.stack([x, reversedRows(x, lengths)])) as tf.Tensor4D;
}

/** Reverses the rows of the second direction of [directions, T, B, N], where there is one. */
export function turnSecond(x: tf.Tensor4D, lengths: tf.Tensor1D): tf.Tensor4D {
  const [directions, frames, batch, width] = x.shape;
  if (directions === 1) return x;
  const [first, second] = tf.split(x, 2, 0) as [tf.Tensor4D, tf.Tensor4D];
  const reversed = reversedRows(tf.reshape(second, [frames, batch, width]), lengths);
  return tf.concat([first, tf.expandDims(reversed, 0) as tf.Tensor4D], 0);
}

/** Each row's own steps from the last to the first, the others where they are; done twice, nothing has changed. */
function reversedRows(x: tf.Tensor3D, lengths: tf.Tensor1D): tf.Tensor3D {
  const [frames, batch, width] = x.shape;
  const own = tf.transpose(ownSteps(lengths, x, 0)); // [T, B]
  const times = tf.sub(tf.cumsum(tf.onesLike(tf.slice(x, [0, 0, 0], [-1, 1, 1])), 0), 1).reshape([-1, 1]);
  const from = tf.where(own, tf.sub(tf.sub(lengths.toFloat().reshape([1, batch]), 1), times), times);
  const rows = Array.from({ length: batch }, (_, row) => row);
  const places = tf.add(tf.mul(from, batch), tf.tensor(rows, [1, batch])).toInt(); // [T, B]
  const flat = tf.reshape(x, [frames * batch, width]);
  return tf.reshape(tf.gather(flat, places.reshape([-1]) as tf.Tensor1D), [frames, batch, width]);
}

/**
 * 1 on an utterance's own frames, else 0.
 * @param lengths [B]
 * @param x [T, B, D]
 * @returns [T, 1, B, 1]
 */
export function frameMasks(lengths: tf.Tensor1D, x: tf.Tensor3D): tf.Tensor4D {
  const own = tf.transpose(tf.cast(ownSteps(lengths, x, 0), 'float32')); // [T, B]
  return tf.expandDims(tf.expandDims(own, 1), 3) as tf.Tensor4D;
}

/** [directions, T, B, N] to [T, directions, B, N], or back. */
export function timeFirst(x: tf.Tensor4D): tf.Tensor4D {
  const [first, second, ...rest] = x.shape;
  // Nothing moves where there is one direction.
  return first === 1 || second === 1
    ? tf.reshape(x, [second, first, ...rest])
    : tf.transpose(x, [1, 0, 2, 3]);
}
