/** @file Gradients of an LSTM layer of one direction or two, by hand. */
import * as tf from '../engine/ops.js';
import { scan } from '../engine/scan.js';
import { flipSecond, frameMasks, inDirections, timeFirst } from './directions.js';
import { type Steps, turned, type Weights } from './lstm-steps.js';

/** Gradients of x and the weights from those of the outputs. */
export function lstmGradients(
  x: tf.Tensor3D,
  weights: Weights,
  lengths: tf.Tensor1D,
  steps: Steps,
  dy: tf.Tensor4D, // [T, directions, B, H]
): tf.Tensor[] {
  const [frames, batch, width] = x.shape;
  const [directions, , size] = weights.recurrent.shape;
  const rows = frames * batch;
  const dyInOrder = timeFirst(flipSecond(timeFirst(dy)));
  const dGatesByTime = gateGradients(weights.recurrent, steps, dyInOrder, frameMasks(lengths, x, directions));
  const dGates = tf.reshape(timeFirst(dGatesByTime), [directions, rows, 4 * size]);
  // Transposed twice: a product with rows that are read along takes half as long.
  const dxRows = tf.matMul(dGates, turned(weights.input), false, true);
  const dxs = flipSecond(tf.reshape(dxRows, [directions, frames, batch, width]));
  const xRows = tf.reshape(inDirections(x, directions), [directions, rows, width]);
  const previousRows = tf.reshape(timeFirst(stepBefore(steps.hidden)), [directions, rows, size]);
  // A sum over rows, as a product: the sum itself is ten times as slow.
  const dBias = tf.matMul(tf.ones([directions, 1, rows]), dGates);
  return [
    tf.sum(dxs, 0),
    tf.matMul(dGates, xRows, true),
    tf.matMul(dGates, previousRows, true),
    tf.reshape(dBias, [directions, 4 * size]),
  ];
}

/** What each step began with: that of the step before, zeros at the first. */
function stepBefore(x: tf.Tensor4D): tf.Tensor4D {
  const [frames] = x.shape;
  return tf.pad(tf.slice(x, [0, 0, 0, 0], [frames - 1, -1, -1, -1]), [
    [1, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
}

/**
 * Gradients of the gates' pre-activations, from the last step to the first.
 * @param dy [T, directions, B, H], in the order of the steps
 * @param own [T, directions, 1, B]
 * @returns [T, directions, B, 4H]
 */
function gateGradients(recurrent: tf.Tensor3D, steps: Steps, dy: tf.Tensor4D, own: tf.Tensor4D): tf.Tensor4D {
  const [directions, , size] = recurrent.shape;
  const batch = dy.shape[2];
  const transposed = turned(recurrent); // [directions, H, 4H]
  const zero = tf.zeros([directions, size, batch]);
  const slopeOffsets = slopeOffsetsOf(size);
  const { outputs } = scan(
    ([fromNext, cellFromNext], slices) => {
      const [dOutput, cell, cellBefore, gates, mask] = slices as [tf.Tensor, ...Gate4, tf.Tensor];
      const [i, f, g, o] = tf.split(gates, 4, 1) as Gate4;
      const squashed = tf.tanh(cell);
      const dHidden = tf.mul(tf.add(turned(dOutput), fromNext as tf.Tensor), mask);
      const throughHidden = tf.mul(o, tf.sub(1, tf.square(squashed)));
      const dCell = tf.mul(tf.add(tf.mul(dHidden, throughHidden), cellFromNext as tf.Tensor), mask);
      // The slope of a sigmoid s is (1 - s)(s + 0), that of a hyperbolic tangent t is (1 - t)(t + 1).
      const slopes = tf.mul(tf.sub(1, gates), tf.add(gates, slopeOffsets));
      const received = tf.mul(
        tf.concat([dCell, dCell, dCell, dHidden], 1),
        tf.concat([g, cellBefore, i, squashed], 1),
      );
      const dGates = tf.mul(received, slopes);
      return { state: [tf.matMul(transposed, dGates), tf.mul(dCell, f)], outputs: [turned(dGates)] };
    },
    [zero, zero],
    [dy, steps.cells, stepBefore(steps.cells), steps.gates, own],
    { reverse: true },
  );
  return outputs[0] as tf.Tensor4D;
}

type Gate4 = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];

/** [1, 4H, 1]: 1 for the gate g, whose activation is a hyperbolic tangent, else 0. */
function slopeOffsetsOf(size: number): tf.Tensor {
  const values = Float32Array.from({ length: 4 * size }, (_, row) => (Math.floor(row / size) === 2 ? 1 : 0));
  return tf.tensor3d(values, [1, 4 * size, 1]);
}
