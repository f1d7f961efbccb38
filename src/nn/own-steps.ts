/** @file Rows of different lengths in one batch: which steps are a row's own, and which only fill up the shape. */
import * as tf from '../engine/ops.js';
import { detached } from './custom.js';

/**
 * How many windows of `first` samples, `hop` apart, lie in a row's own samples.
 * @param lengths [batch], samples of each row: at least `first`, and fewer than 2^24, up to which floats count exactly
 * @returns [batch], whole numbers as float32
 */
export function windowCounts(lengths: tf.Tensor, first: number, hop: number): tf.Tensor {
  return lengths.toFloat().sub(first).div(hop).floor().add(1);
}

/**
 * Whether a step is a row's own. No gradient goes through it, and no length becomes a constant.
 * @param counts [batch], steps of each row
 * @param x [batch, ..., steps, ...]: a tensor with as many steps along `axis`
 * @returns bool [batch, steps]
 */
export function ownSteps(counts: tf.Tensor, x: tf.Tensor, axis: number): tf.Tensor {
  return detached(x, (given) => {
    const one = given.slice(
      given.shape.map(() => 0),
      given.shape.map((_, i) => (i === axis ? -1 : 1)),
    );
    const positions = tf.cumsum(tf.onesLike(one.reshape([1, -1])), 1); // (1, steps): 1, 2, 3, ...
    return positions.lessEqual(counts.toFloat().expandDims(1));
  });
}

/**
 * Zeros in place of the steps behind a row's end.
 * @param x [batch, steps, width], finite everywhere
 * @param own bool [batch, steps]; without it, x is returned as it is
 */
export function ownOnly(x: tf.Tensor, own: tf.Tensor | undefined): tf.Tensor {
  return own === undefined ? x : x.mul(own.toFloat().expandDims(2));
}

/**
 * A batch's samples with zeros behind the end of every row, whatever stood there.
 * @param waveform [batch, samples]
 * @param lengths [batch]; without them, the waveform is returned as it is
 */
export function ownSamples(waveform: tf.Tensor, lengths: tf.Tensor | undefined): tf.Tensor {
  return lengths === undefined ? waveform : tf.where(ownSteps(lengths, waveform, 1), waveform, tf.scalar(0));
}
