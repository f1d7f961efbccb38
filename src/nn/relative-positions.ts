/** @file Where frames stand to each other: scores by distance, sinusoids, rotations. For any length. */
import * as tf from '../engine/ops.js';
import { framePositions } from './attention.js';
import { detached } from './custom.js';
import { cutLike } from './cut.js';

/**
 * Every distance of two frames, query's index less key's, from the largest down to one less than the smallest: T, ...,
 * 1 - T of T frames.
 * @param x [batch, T, width]
 * @returns [2 T]; no gradient goes through them
 */
export function distances(x: tf.Tensor): tf.Tensor {
  return detached(x, (given) => {
    const positions = framePositions(given); // (1, T)
    return tf.concat([positions.reverse(1).add(1), positions.neg()], 1).reshape([-1]);
  });
}

/**
 * Scores of pairs of frames from scores of queries and distances.
 * @param byDistance [batch, heads, T, 2 T], the last axis as `distances`
 * @param like [batch, heads, T, T]
 * @returns [batch, heads, T, T], query and key
 */
export function pairScores(byDistance: tf.Tensor, like: tf.Tensor): tf.Tensor {
  const [batch, heads, frames] = byDistance.shape as [number, number, number];
  // Without the first `frames` values, rows that are one value shorter begin a column further left each.
  const flat = byDistance.reshape([batch, heads, 2 * frames, frames]);
  const rest = flat.slice([0, 0, 1, 0], [batch, heads, 2 * frames - 1, frames]);
  return cutLike(rest.reshape([batch, heads, frames, 2 * frames - 1]), 3, like, 3);
}

/**
 * Products of queries and what stands for distances.
 * @param queries [batch, heads, T, channels]
 * @param keys [heads, 2 T, channels], or [1, 2 T, channels] for all heads alike
 * @returns [batch, heads, T, 2 T]
 */
export function distanceProducts(queries: tf.Tensor, keys: tf.Tensor): tf.Tensor {
  const [batch, heads, frames, channels] = queries.shape as [number, number, number, number];
  const [groups, count] = keys.shape as [number, number];
  const apart = queries
    .transpose([1, 0, 2, 3])
    .reshape([groups, (heads / groups) * batch * frames, channels]);
  const products = tf.matMul(apart, keys, false, true); // (groups, rows, 2 T)
  return products.reshape([heads, batch, frames, count]).transpose([1, 0, 2, 3]);
}

/**
 * A sinusoid of every distance, sines and cosines in turn (Vaswani et al., 2017): [distances, width].
 * @param distance [distances]
 */
export function sinusoids(distance: tf.Tensor, width: number): tf.Tensor {
  return detached(distance, (given) => {
    const angles = given.expandDims(1).mul(tf.tensor1d(frequencies(width, 10_000))); // (distances, width / 2)
    return tf.stack([angles.sin(), angles.cos()], 2).reshape([-1, width]);
  });
}

/** base^(-2 i / width), in float32 where torch computes in float32. */
function frequencies(width: number, base: number): Float32Array {
  const step = Math.fround(-Math.log(base) / width);
  return Float32Array.from({ length: width / 2 }, (_, i) => Math.exp(Math.fround(2 * i * step)));
}

/**
 * Frames turned by their position, each head for itself (Su et al., 2021; halves of a head make the pairs).
 * @param x [batch, frames, width]
 * @param base of the slowest rotation
 */
export function rotated(x: tf.Tensor, heads: number, base: number): tf.Tensor {
  const [batch, frames, width] = x.shape as [number, number, number];
  const channels = width / heads;
  const angles = detached(x, (given) => {
    const rates = tf.tensor1d(
      Float32Array.from({ length: channels / 2 }, (_, i) => base ** ((-2 * i) / channels)),
    );
    return framePositions(given).reshape([-1, 1]).mul(rates).expandDims(1); // (frames, 1, channels / 2)
  });
  const [cos, sin] = [angles.cos(), angles.sin()];
  const [a, b] = tf.split(x.reshape([batch, frames, heads, channels]), 2, 3) as [tf.Tensor, tf.Tensor];
  const turned = tf.concat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], 3);
  return turned.reshape([batch, frames, width]);
}
