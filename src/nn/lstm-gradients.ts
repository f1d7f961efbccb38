/** @file Gradients of an LSTM layer of one direction or two, by hand. */
import { largestDivisor } from '../base/largest-divisor.js';
import { fused } from '../engine/fused/operations.js';
import * as tf from '../engine/ops.js';
import { scan } from '../engine/scan.js';
import { timeFirst, turnSecond } from './directions.js';
import { type Inner, recurrentOf, type Steps, stepwise, type Weights } from './lstm-steps.js';
import { rowParts, turned } from './step-operations.js';

/**
 * Gradients of x and the weights from those of the outputs.
 * @param xs [directions, T, B, D]
 * @param dy [T, directions, B, H], in the order of the steps, zero behind each length
 * @returns of x [T, B, D], and of the weights
 */
export function lstmGradients(
  xs: tf.Tensor4D,
  weights: Weights,
  lengths: tf.Tensor1D,
  steps: Steps,
  dy: tf.Tensor4D,
): tf.Tensor[] {
  const [directions, frames, batch, width] = xs.shape;
  const size = weights.recurrent.shape[2];
  const rows = frames * batch;
  const recurrent = recurrentOf(weights);
  const dHidden = stepwise(dy);
  const [dSteps] = fused('lstmGradients', [recurrent, ...steps.inner, dHidden], [], () => [
    gateGradients(recurrent, steps.inner, dHidden),
  ]);
  const dGatesByTime = tf.reshape(dSteps as tf.Tensor, [frames, directions, batch, 4 * size]) as tf.Tensor4D;
  const dGates = tf.reshape(timeFirst(dGatesByTime), [directions, rows, 4 * size]);
  // Transposed twice: a product with rows that are read along takes half as long.
  const dxRows = tf.matMul(dGates, turned(weights.input) as tf.Tensor3D, false, true);
  const dxs = turnSecond(tf.reshape(dxRows, [directions, frames, batch, width]), lengths);
  const xRows = tf.reshape(xs, [directions, rows, width]);
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

/** Steps whose slopes are computed at once, at most: few enough to stay in a processor's cache. */
const mostStepsAtOnce = 10;

/**
 * Gradients of the gates' pre-activations, from the last step to the first: the fused operation `lstmGradients` in plain operations.
 * What does not depend on the step behind is computed for several steps at once.
 * @param recurrent [.., 4H, H]
 * @param dHidden [T, .., B, H], in the order of the steps
 * @returns [T, .., B, 4H]
 */
function gateGradients(recurrent: tf.Tensor, inner: Inner, dHidden: tf.Tensor): tf.Tensor {
  const [frames, ...lead] = dHidden.shape.slice(0, -2) as [number, ...number[]];
  const [batch, size] = dHidden.shape.slice(-2) as [number, number];
  const transposed = turned(recurrent);
  const zero = tf.zeros([...lead, size, batch]);
  const together = largestDivisor(frames, mostStepsAtOnce);
  const inBlocks = (x: tf.Tensor): tf.Tensor =>
    tf.reshape(x, [frames / together, together, ...x.shape.slice(1)]);
  const { outputs } = scan(
    (state, slices) => {
      const [dOutputs, ...values] = slices as [tf.Tensor, ...Inner];
      const { state: next, outputs: dGates } = scan(
        ([fromNext, cellFromNext], [dOutput, throughHidden, slopes, f]) => {
          const dHidden = tf.add(dOutput as tf.Tensor, fromNext as tf.Tensor);
          const dCell = tf.add(tf.mul(dHidden, throughHidden as tf.Tensor), cellFromNext as tf.Tensor);
          const received = tf.concat([dCell, dCell, dCell, dHidden], dCell.shape.length - 2);
          const dGates = tf.mul(received, slopes as tf.Tensor);
          return {
            state: [tf.matMul(transposed, dGates), tf.mul(dCell, f as tf.Tensor)],
            outputs: [turned(dGates)],
          };
        },
        state,
        [turned(dOutputs), ...slopesOf(values, size)],
        { reverse: true },
      );
      return { state: next, outputs: dGates };
    },
    [zero, zero],
    [dHidden, ...inner].map(inBlocks),
    { reverse: true },
  );
  return outputs[0] as tf.Tensor;
}

/**
 * Derivatives at some steps: of the hidden state by the cell, of cell and hidden state by the pre-activations of i, f, g, o, and
 * of the cell by the one before, which is the gate f. The slope of a sigmoid s is s (1 - s), that of a hyperbolic tangent t
 * is 1 - t^2.
 */
function slopesOf([inputForget, g, o, kept, squashed]: Inner, size: number): tf.Tensor[] {
  const [i, f] = rowParts(inputForget, [size, size]) as [tf.Tensor, tf.Tensor];
  const axis = g.shape.length - 2;
  const throughHidden = tf.mul(o, tf.sub(1, tf.square(squashed)));
  const byInputForget = tf.mul(tf.concat([tf.mul(i, g), kept], axis), tf.sub(1, inputForget));
  const byCandidate = tf.mul(i, tf.sub(1, tf.square(g)));
  const byOutput = tf.mul(tf.mul(o, squashed), tf.sub(1, o));
  return [throughHidden, tf.concat([byInputForget, byCandidate, byOutput], axis), f];
}
