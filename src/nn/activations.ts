/** @file The activations that models of others name, by those names. */
import * as tf from '../engine/ops.js';
import { gelu } from './gelu.js';

/** x sigmoid(x) (Ramachandran et al., 2017). Any shape. */
export const swish = (x: tf.Tensor): tf.Tensor => x.mul(tf.sigmoid(x));

/** As transformers calls them; `silu` is another name of `swish`. */
export const activations = { gelu, swish, silu: swish } as const;
export type Activation = keyof typeof activations;

/** The first half of the last axis, let through by the second (Dauphin et al., 2017): [..., 2 n] to [..., n]. */
export function gated(x: tf.Tensor): tf.Tensor {
  const [values, gates] = tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor];
  return values.mul(tf.sigmoid(gates));
}
