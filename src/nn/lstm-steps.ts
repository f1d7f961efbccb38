/** @file The steps of an LSTM layer over time, and what its gradients need of each. */

import { fused } from '../engine/fused/operations.js';
import * as tf from '../engine/ops.js';
import { scan } from '../engine/scan.js';
import { timeFirst } from './directions.js';
import { productPlus, rowParts, turned } from './step-operations.js';

/** The directions' weights, forward first. */
export interface Weights {
  /** [directions, 4H, D] */
  readonly input: tf.Tensor3D;
  /** [directions, 4H, H] */
  readonly recurrent: tf.Tensor3D;
  /** [directions, 4H]: torch's two biases added. */
  readonly bias: tf.Tensor2D;
}

/** Every step in the order in which it was made: the second direction from the end of each utterance. */
export interface Steps {
  /** [T, directions, B, H] */
  readonly hidden: tf.Tensor4D;
  /** What else the gradients need of each step, [T, ...]: `directions` stands before H only where there are two. */
  readonly inner: Inner;
}

/** [.., H, B] but for the first. */
export type Inner = readonly [
  /** [.., 2H, B]: the gates i and f. */
  inputForget: tf.Tensor,
  /** The gates g and o. */
  candidate: tf.Tensor,
  output: tf.Tensor,
  /** The cell before times f. */
  kept: tf.Tensor,
  /** The hyperbolic tangent of the cell. */
  squashed: tf.Tensor,
];

/**
 * Runs a layer. Within a step, units are rows and utterances columns: so the weights are read as they lie. With utterances as
 * rows a product packs all of them anew at every step, which takes twice as long (8 utterances, 512 units).
 * @param xs [directions, T, B, D]; what is made of padding behind an utterance is of no use
 */
export function runSteps(xs: tf.Tensor4D, weights: Weights): Steps {
  const [directions, frames, batch] = xs.shape;
  const size = weights.recurrent.shape[2];
  const recurrent = recurrentOf(weights);
  const fromInput = stepwise(timeFirst(inputProjection(xs, weights)));
  const [hidden, ...inner] = fused('lstm', [fromInput, recurrent], [], () =>
    stepByStep(fromInput, recurrent),
  ) as [tf.Tensor, ...Inner];
  return { hidden: tf.reshape(hidden, [frames, directions, batch, size]), inner };
}

/** The fused operation `lstm` in plain operations, as a loop. */
function stepByStep(fromInput: tf.Tensor, recurrent: tf.Tensor): readonly tf.Tensor[] {
  const size = recurrent.shape.at(-1) as number;
  const zero = tf.zeros([...fromInput.shape.slice(1, -2), size, fromInput.shape.at(-1) as number]);
  return scan(
    ([hidden, cell], [given]) => {
      const [h, c] = [hidden as tf.Tensor, cell as tf.Tensor];
      const received = productPlus(recurrent, h, given as tf.Tensor);
      const [forInputForget, forCandidate, forOutput] = rowParts(received, [2 * size, size, size]) as Three;
      const inputForget = tf.sigmoid(forInputForget);
      const [i, f] = rowParts(inputForget, [size, size]) as Two;
      const [g, o] = [tf.tanh(forCandidate), tf.sigmoid(forOutput)];
      const kept = tf.mul(f, c);
      const nextCell = tf.add(kept, tf.mul(i, g));
      const squashed = tf.tanh(nextCell);
      const next = tf.mul(o, squashed);
      return { state: [next, nextCell], outputs: [turned(next), inputForget, g, o, kept, squashed] };
    },
    [zero, zero],
    [fromInput],
  ).outputs;
}

type Two = [tf.Tensor, tf.Tensor];
type Three = [tf.Tensor, tf.Tensor, tf.Tensor];

/** [directions, 4H, H], without the axis of directions where there is one. */
export function recurrentOf({ recurrent }: Weights): tf.Tensor {
  const [directions, gates, size] = recurrent.shape;
  return directions === 1 ? tf.reshape(recurrent, [gates, size]) : recurrent;
}

/** [T, directions, ...], without the axis of directions where there is one. */
export function stepwise(x: tf.Tensor4D): tf.Tensor {
  const [frames, directions, ...rest] = x.shape;
  return directions === 1 ? tf.reshape(x, [frames, ...rest]) : x;
}

/** Utterances from which on a product for each frame is as fast as one for all frames. */
const fewestUtterances = 8;

/** What the gates receive from the input: [directions, T, 4H, B]. */
function inputProjection(xs: tf.Tensor4D, { input, bias }: Weights): tf.Tensor4D {
  const [directions, frames, batch, width] = xs.shape;
  // The bias as the weights of one more input, which is 1: so that no pass over the gates adds it.
  const weights = tf.concat([input, tf.expandDims(bias, 2)], 2); // [directions, 4H, D + 1]
  const withOne = tf.concat([xs, tf.ones([directions, frames, batch, 1])], 3);
  if (batch >= fewestUtterances) return tf.matMul(tf.expandDims(weights, 1), turned(withOne));
  const rows = tf.reshape(withOne, [directions, frames * batch, width + 1]);
  const received = tf.matMul(rows, turned(weights));
  return turned(tf.reshape(received, [directions, frames, batch, -1])) as tf.Tensor4D;
}
