/** @file How features change over time: differences as front ends add them. */
import * as tf from '../../engine/ops.js';
import { conv1d } from '../../nn/conv1d.js';
import { ownSteps } from '../../nn/own-steps.js';

/** A row's frames, the last one repeated in place of those behind its end. */
interface Held {
  /** [batch, channels, frames] */
  readonly x: tf.Tensor;
  /** [batch, channels, 1] */
  readonly last: tf.Tensor;
}

/** @param counts [batch], frames of each row; without them, every row fills the tensor */
function held(x: tf.Tensor, counts: tf.Tensor | undefined): Held {
  const [batch, channels, frames] = x.shape as [number, number, number];
  if (counts === undefined) return { x, last: x.slice([0, 0, frames - 1], [batch, channels, 1]) };
  const own = ownSteps(counts, x, 2).toFloat().expandDims(1); // (batch, 1, frames)
  const before = ownSteps(counts.sub(1), x, 2).toFloat().expandDims(1);
  const last = x.mul(own.sub(before)).sum(2, true);
  return { x: x.mul(own).add(last.mul(tf.scalar(1).sub(own))), last };
}

/**
 * Slope of the regression line over five frames, edges repeated, as torchaudio's compute_deltas.
 * @param given [batch, channels, frames], finite everywhere
 * @param counts [batch], frames of each row that are its own (`windowCounts`); without them, all are
 * @returns [batch, channels, frames]; behind a row's end, values of no meaning
 */
export function deltas(given: tf.Tensor, counts: tf.Tensor | undefined): tf.Tensor {
  const [batch, channels] = given.shape as [number, number, number];
  const first = given.slice([0, 0, 0], [batch, channels, 1]);
  const { x, last } = held(given, counts);
  const padded = tf.concat([first, first, x, last, last], 2);
  const slope = tf.tensor3d([-0.2, -0.1, 0, 0.1, 0.2], [1, 1, 5]).tile([channels, 1, 1]) as tf.Tensor3D;
  return conv1d({ 'slope.weight': slope }, 'slope', padded, { groups: channels });
}
