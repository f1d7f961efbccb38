/** @file The weights of a bidirectional LSTM layer, and its gates. */
import * as tf from '../engine/ops.js';

/** Both directions' weights, forward first. */
export interface Weights {
  /** [2, 4H, D] */
  readonly input: tf.Tensor3D;
  /** [2, 4H, H] */
  readonly recurrent: tf.Tensor3D;
  /** [2, 4H]: torch's two biases added. */
  readonly bias: tf.Tensor2D;
}

/** What the gates receive from the input: [2, T, B, 4H]. */
export function inputProjection(xs: tf.Tensor4D, weights: Weights): tf.Tensor4D {
  const [, frames, batch, width] = xs.shape;
  const flat = tf.reshape(xs, [2, frames * batch, width]);
  const projected = tf.add(tf.matMul(flat, weights.input, false, true), tf.expandDims(weights.bias, 1));
  return tf.reshape(projected, [2, frames, batch, -1]);
}

/** The four gates of pre-activations [..., 4H], in the order i, f, g, o. */
export function gatesOf(preActivations: tf.Tensor): [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor] {
  const [i, f, g, o] = tf.split(preActivations, 4, -1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  return [tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)];
}
