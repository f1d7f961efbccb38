/** @file Multi-head self-attention with an additive bias, and the ALiBi bias. */
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { detached, withGradient } from './custom.js';
import { type DropoutKey, dropout } from './dropout.js';
import { linear } from './linear.js';

export interface AttentionSettings {
  readonly heads: number;
  /** Dropout of the attention weights and of the output. Default 0. */
  readonly attentionDropout?: number;
  readonly outputDropout?: number;
  readonly dropoutKey?: DropoutKey;
}

/**
 * Self-attention as AltAttention of data2vec 2.0 (examples/data2vec/models/modalities/modules.py).
 * @param x [batch, time, width]
 * @param parameters `name.qkv` [3 width, width], `name.proj`
 * @param bias added to the attention logits, [batch or 1, heads or 1, time or 1, time]
 * @returns [batch, time, width]
 */
export function attention(
  parameters: Parameters,
  name: string,
  x: tf.Tensor,
  bias: tf.Tensor | undefined,
  settings: AttentionSettings,
): tf.Tensor {
  const { heads, attentionDropout = 0, outputDropout = 0, dropoutKey } = settings;
  const [batch, time, width] = x.shape as [number, number, number];
  const channels = width / heads;
  const joined = linear(parameters, `${name}.qkv`, x).reshape([batch, time, 3, heads, channels]);
  const [q, k, v] = tf.unstack(joined.transpose([2, 0, 3, 1, 4])) as [tf.Tensor, tf.Tensor, tf.Tensor]; // (batch, heads, time, channels)
  const products = tf.matMul(q.mul(channels ** -0.5), k, false, true); // (batch, heads, time, time)
  const logits = bias === undefined ? products : products.add(bias);
  const drop = (weights: tf.Tensor): tf.Tensor =>
    dropout(weights, attentionDropout, dropoutKey, `${name}.attn_drop`);
  const mixed = mixedBy(logits, v, drop).transpose([0, 2, 1, 3]).reshape([batch, time, width]);
  return dropout(linear(parameters, `${name}.proj`, mixed), outputDropout, dropoutKey, `${name}.proj_drop`);
}

/**
 * Values mixed by the softmax of their logits. The sum over all weights that the gradient of a softmax needs is one over channels, as in
 * FlashAttention (Dao et al., 2022, appendix B.2): weights are passed over half as often.
 * @param logits [..., queries, keys]
 * @param values [..., keys, channels]
 * @param drop dropout of the weights, the same at every call
 * @returns [..., queries, channels]
 */
export function mixedBy(
  logits: tf.Tensor,
  values: tf.Tensor,
  drop: (weights: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  return withGradient(
    [logits, values],
    () => {
      const weights = tf.softmax(logits);
      const kept = drop(weights);
      const mixed = tf.matMul(kept, values);
      return { value: mixed, saved: [weights, kept, values, mixed] };
    },
    (dy, saved) => {
      const [weights, kept, from, mixed] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      // What dropout multiplies weights by, it multiplies their gradient by.
      const inWeights = drop(tf.matMul(dy, from, false, true));
      const along = dy.mul(mixed).sum(-1, true);
      return [inWeights.sub(along).mul(weights), tf.matMul(kept, dy, true, false)];
    },
  );
}

/** ALiBi slopes (Press et al., 2022); head counts that are no power of two interleave those of the next one. */
export function alibiSlopes(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  const start = 2 ** -(2 ** -(Math.log2(power) - 3));
  const slopes = Array.from({ length: power }, (_, i) => start ** (i + 1));
  if (power === heads) return slopes;
  const between = alibiSlopes(2 * power).filter((_, i) => i % 2 === 0);
  return [...slopes, ...between.slice(0, heads - power)];
}

/**
 * Symmetric ALiBi: -|i - j| slope_h.
 * @param positions [batch or 1, time], the frames' indices in the utterance
 * @returns [batch or 1, heads, time, time]
 */
export function alibiBias(positions: tf.Tensor, heads: number): tf.Tensor {
  const [batch, time] = positions.shape as [number, number];
  const distance = positions
    .reshape([batch, 1, time, 1])
    .sub(positions.reshape([batch, 1, 1, time]))
    .abs();
  return distance.mul(
    tf.tensor4d(
      alibiSlopes(heads).map((slope) => -slope),
      [1, heads, 1, 1],
    ),
  );
}

/**
 * A bias that hides padded keys.
 * @param padding [batch, time], 1 or true where padded
 * @returns [batch, 1, 1, time]
 */
export function paddingBias(padding: tf.Tensor): tf.Tensor {
  const [batch, time] = padding.shape as [number, number];
  return padding.toFloat().mul(-1e9).reshape([batch, 1, 1, time]);
}

/** Indices 0, 1, 2, ... along axis 1 of x [batch, time, width], for any length: [1, time]. No gradient goes through them. */
export function framePositions(x: tf.Tensor): tf.Tensor {
  return detached(x, (given) => {
    const first = given.slice([0, 0, 0], [1, -1, 1]).squeeze([2]); // (1, time)
    return tf.cumsum(tf.onesLike(first), 1).sub(1);
  });
}
