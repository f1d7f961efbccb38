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
  return tf.matMul(tf.softmax(weights).reshape([1, layers]) as tf.Tensor2D, flat).reshape(rest);
}
