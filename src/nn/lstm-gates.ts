/** @file The weights of an LSTM layer, and its gates. */
import * as tf from '../engine/ops.js';

/** The directions' weights, forward first. */
export interface Weights {
  /** [directions, 4H, D] */
  readonly input: tf.Tensor3D;
  /** [directions, 4H, H] */
  readonly recurrent: tf.Tensor3D;
  /** [directions, 4H]: torch's two biases added. */
  readonly bias: tf.Tensor2D;
}

/** What the gates receive from the input: [directions, T, B, 4H]. */
export function inputProjection(xs: tf.Tensor4D, weights: Weights): tf.Tensor4D {
  const [directions, frames, batch, width] = xs.shape;
  const flat = tf.reshape(xs, [directions, frames * batch, width]);
  const projected = tf.add(tf.matMul(flat, weights.input, false, true), tf.expandDims(weights.bias, 1));
  return tf.reshape(projected, [directions, frames, batch, -1]);
}

/** The four gates of pre-activations [..., 4H], in the order i, f, g, o. */
export function gatesOf(preActivations: tf.Tensor): [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor] {
  const [i, f, g, o] = tf.split(preActivations, 4, -1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  return [tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)];
}
