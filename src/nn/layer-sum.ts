/** @file The softmax-weighted sum of hidden states that every SUPERB head begins with. */
import * as tf from '../engine/ops.js';

/**
 * SUPERB's featurizer (s3prl upstream/interfaces.py, Featurizer).
 * @param weights [layers], before the softmax
 * @param states [layers, ...]
 * @returns [...]
 */
export function layerSum(weights: tf.Tensor, states: tf.Tensor): tf.Tensor {
  const [layers, ...rest] = states.shape as [number, ...number[]];
  const flat = states.reshape([layers, -1]) as tf.Tensor2D;
  // Weights as a column that is transposed: the kernel for a row by a matrix takes up to five times as long where the rows of the
  // matrix lie a whole number of memory pages apart, as those of hidden states often do.
  return tf.matMul(tf.softmax(weights).reshape([layers, 1]) as tf.Tensor2D, flat, true).reshape(rest);
}
