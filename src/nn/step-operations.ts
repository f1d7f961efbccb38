/** @file What steps of a loop over time do in one operator each, where plain operations would take several. */
import { lowered } from '../engine/lowered.js';
import * as tf from '../engine/ops.js';

/** a b + c of matrices, or of as many matrices; not differentiable by itself. */
export function productPlus(a: tf.Tensor, b: tf.Tensor, c: tf.Tensor): tf.Tensor {
  return lowered('ProductPlus', { a, b, c }, {}, () => [tf.add(tf.matMul(a, b), c)])[0] as tf.Tensor;
}

/** Parts of so many rows each, of [..., rows, columns]; not differentiable by itself. */
export function rowParts(x: tf.Tensor, sizes: number[]): tf.Tensor[] {
  return lowered('RowParts', { x }, { sizes }, () => tf.split(x, sizes, x.shape.length - 2));
}

/** [..., M, N] to [..., N, M]. */
export function turned(x: tf.Tensor): tf.Tensor {
  const rank = x.shape.length;
  return tf.transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}
