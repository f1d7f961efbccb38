/** @file The steps of an LSTM layer over time, and what its gradients need of each. */
import * as tf from '../engine/ops.js';
import { scan } from '../engine/scan.js';
import { frameMasks, inDirections, timeFirst } from './directions.js';

/** The directions' weights, forward first. */
export interface Weights {
  /** [directions, 4H, D] */
  readonly input: tf.Tensor3D;
  /** [directions, 4H, H] */
  readonly recurrent: tf.Tensor3D;
  /** [directions, 4H]: torch's two biases added. */
  readonly bias: tf.Tensor2D;
}

/** Every step in the order in which it was made: the second direction from the end of time. */
export interface Steps {
  /** [T, directions, B, H], zero behind each length. */
  readonly hidden: tf.Tensor4D;
  /** [T, directions, H, B], zero behind each length. */
  readonly cells: tf.Tensor4D;
  /** [T, directions, 4H, B]: i, f, g, o. */
  readonly gates: tf.Tensor4D;
}

/**
 * Runs a layer. Within a step, units are rows and utterances columns: so the weights are read as they lie. With utterances as
 * rows a product packs all of them anew at every step, which takes twice as long (8 utterances, 512 units).
 * @param x [T, B, D]
 * @param lengths [B] int32, from 1 to T
 */
export function runSteps(x: tf.Tensor3D, weights: Weights, lengths: tf.Tensor1D): Steps {
  const [, batch] = x.shape;
  const [directions, , size] = weights.recurrent.shape;
  const zero = tf.zeros([directions, size, batch]);
  const bias = tf.expandDims(weights.bias, 2);
  const { outputs } = scan(
    ([before, cellBefore], [fromInput, own]) => {
      const [h, c] = [before as tf.Tensor, cellBefore as tf.Tensor];
      const received = tf.add(turned(fromInput as tf.Tensor), tf.matMul(weights.recurrent, h));
      const gates = gatesOf(tf.add(received, bias));
      const [i, f, g, o] = gates;
      const cell = tf.mul(tf.add(tf.mul(f, c), tf.mul(i, g)), own as tf.Tensor);
      // Zero where the cell is.
      const hidden = tf.mul(o, tf.tanh(cell));
      return { state: [hidden, cell], outputs: [turned(hidden), cell, tf.concat(gates, 1)] };
    },
    [zero, zero],
    [
      timeFirst(inputProjection(inDirections(x, directions), weights.input)),
      frameMasks(lengths, x, directions),
    ],
  );
  const [hidden, cells, gates] = outputs as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  return { hidden, cells, gates };
}

/** [directions, M, N] to [directions, N, M]. */
export const turned = (x: tf.Tensor): tf.Tensor => tf.transpose(x, [0, 2, 1]);

/** What the gates receive from the input: [directions, T, B, 4H]. */
function inputProjection(xs: tf.Tensor4D, input: tf.Tensor3D): tf.Tensor4D {
  const [directions, frames, batch, width] = xs.shape;
  const flat = tf.reshape(xs, [directions, frames * batch, width]);
  return tf.reshape(tf.matMul(flat, input, false, true), [directions, frames, batch, -1]);
}

/** The four gates of pre-activations [directions, 4H, B], in the order i, f, g, o. */
function gatesOf(preActivations: tf.Tensor): [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor] {
  const [i, f, g, o] = tf.split(preActivations, 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  return [tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)];
}
