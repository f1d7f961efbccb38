/** @file Gradients of an LSTM layer of one direction or two, by hand. */
import * as tf from '../engine/ops.js';
import { scan } from '../engine/scan.js';
import { flipSecond, frameMasks, inDirections, timeFirst } from './directions.js';
import { gatesOf, inputProjection, type Weights } from './lstm-gates.js';

/** Gradients of x and the weights from those of the outputs. Gates are recomputed from the outputs at once. */
export function lstmGradients(
  x: tf.Tensor3D,
  weights: Weights,
  lengths: tf.Tensor1D,
  outputs: tf.Tensor4D, // [T, directions, B, H]
  dy: tf.Tensor4D, // [T, directions, B, H]
): tf.Tensor[] {
  const [frames, batch, width] = x.shape;
  const [directions, , size] = weights.recurrent.shape;
  const rows = frames * batch;
  const xs = inDirections(x, directions);
  const hidden = flipSecond(timeFirst(outputs)); // [directions, T, B, H]
  const previous = tf.pad(tf.slice(hidden, [0, 0, 0, 0], [-1, frames - 1, -1, -1]), [
    [0, 0],
    [1, 0],
    [0, 0],
    [0, 0],
  ]);
  const previousRows = tf.reshape(previous, [directions, rows, size]);
  const recurrentPart = tf.reshape(tf.matMul(previousRows, weights.recurrent, false, true), [
    directions,
    frames,
    batch,
    -1,
  ]);
  const mask = timeFirst(frameMasks(lengths, frames, directions)); // [T, directions, B, 1]
  const [i, f, g, o] = gatesOf(timeFirst(tf.add(inputProjection(xs, weights), recurrentPart))); // [T, directions, B, H]
  const keep = tf.mul(f, mask);
  const cells = cellsOf(keep, tf.mul(tf.mul(i, g), mask)); // [T, directions, B, H]
  const previousCells = tf.pad(tf.slice(cells, [0, 0, 0, 0], [frames - 1, -1, -1, -1]), [
    [1, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  const squashed = tf.tanh(cells);

  // d pre-activation = (dc, dc, dc, dh) times these, which do not depend on the recursion.
  const factors = tf.mul(
    tf.concat(
      [
        tf.mul(g, tf.mul(i, tf.sub(1, i))),
        tf.mul(previousCells, tf.mul(f, tf.sub(1, f))),
        tf.mul(i, tf.sub(1, tf.square(g))),
        tf.mul(squashed, tf.mul(o, tf.sub(1, o))),
      ],
      -1,
    ),
    mask,
  ); // [T, directions, B, 4H]
  const cellFromHidden = tf.mul(o, tf.sub(1, tf.square(squashed)));
  const dyDirections = timeFirst(flipSecond(timeFirst(dy)));
  const dGatesByTime = gateGradients(weights.recurrent, [dyDirections, factors, cellFromHidden, keep]);
  const dGates = tf.reshape(timeFirst(dGatesByTime), [directions, rows, 4 * size]);
  const dxs = flipSecond(tf.reshape(tf.matMul(dGates, weights.input), [directions, frames, batch, width]));
  return [
    tf.sum(dxs, 0),
    tf.matMul(dGates, tf.reshape(xs, [directions, rows, width]), true),
    tf.matMul(dGates, previousRows, true),
    tf.sum(dGates, 1),
  ];
}

/** Bytes of both directions' recurrent weights up to which the caches hold them through the steps of a loop. */
const cachedBytes = 8 * 2 ** 20;

/**
 * Gradients of the gates' pre-activations, from the last step to the first.
 * @param sequences of the outputs' gradients [T, directions, B, H], `factors` [T, directions, B, 4H], `cellFromHidden` and `keep` [T, directions, B, H]
 * @returns [T, directions, B, 4H]
 */
function gateGradients(recurrent: tf.Tensor3D, sequences: readonly tf.Tensor[]): tf.Tensor4D {
  // Laid out so that every step reads it as it lies: three times as fast as a product that packs it first.
  const transposed = tf.transpose(recurrent, [0, 2, 1]); // [2, H, 4H]
  if (4 * recurrent.size <= cachedBytes) return gateLoop(transposed, sequences);
  const [directions] = recurrent.shape;
  const of = (x: tf.Tensor, axis: number, direction: number): tf.Tensor =>
    tf.slice(
      x,
      x.shape.map((_, i) => (i === axis ? direction : 0)),
      x.shape.map((length, i) => (i === axis ? 1 : length)),
    );
  return tf.concat(
    Array.from({ length: directions }, (_, direction) =>
      gateLoop(
        of(transposed, 0, direction) as tf.Tensor3D,
        sequences.map((sequence) => of(sequence, 1, direction)),
      ),
    ),
    1,
  );
}

/** The loop over some directions. */
function gateLoop(transposed: tf.Tensor3D, sequences: readonly tf.Tensor[]): tf.Tensor4D {
  const [directions, size] = transposed.shape;
  const batch = sequences[0]?.shape[2] as number;
  const zero = tf.zeros([directions, batch, size]);
  const { outputs } = scan(
    ([fromNext, cellFromNext], [dOutput, factor, throughHidden, kept]) => {
      const dHidden = tf.add(dOutput as tf.Tensor, fromNext as tf.Tensor);
      const dCell = tf.add(tf.mul(dHidden, throughHidden as tf.Tensor), cellFromNext as tf.Tensor);
      const dGates = tf.mul(tf.concat([dCell, dCell, dCell, dHidden], -1), factor as tf.Tensor); // [directions, B, 4H]
      return {
        state: [tf.matMul(dGates, transposed, false, true), tf.mul(dCell, kept as tf.Tensor)],
        outputs: [dGates],
      };
    },
    [zero, zero],
    sequences,
    { reverse: true },
  );
  return outputs[0] as tf.Tensor4D;
}

/** c[t] = keep[t] c[t - 1] + added[t], along axis 0. */
function cellsOf(keep: tf.Tensor, added: tf.Tensor): tf.Tensor4D {
  const { outputs } = scan(
    ([cell], [kept, gained]) => {
      const next = tf.add(tf.mul(kept as tf.Tensor, cell as tf.Tensor), gained as tf.Tensor);
      return { state: [next], outputs: [next] };
    },
    [tf.zeros(keep.shape.slice(1))],
    [keep, added],
  );
  return outputs[0] as tf.Tensor4D;
}
