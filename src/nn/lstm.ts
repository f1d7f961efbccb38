/**
 * @file A bidirectional LSTM layer over padded batches: ONNX `LSTM` forward when compiled, gradients by hand.
 *
 * Parameters are named and laid out as in `torch.nn.LSTM(bidirectional=True)`: gates in the order i, f, g, o.
 * Padding is handled as by `pack_padded_sequence`: the backward direction starts at each utterance's own end.
 */
import * as tf from '@tensorflow/tfjs';
import { defineLowering, need } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import { scan } from '../engine/scan.js';
import type { Parameters } from '../engine/tree.js';
import { bothDirections, flipSecond, frameMasks, timeFirst } from './directions.js';

/** Both directions' weights, forward first. */
interface Weights {
  /** [2, 4H, D] */
  readonly input: tf.Tensor3D;
  /** [2, 4H, H] */
  readonly recurrent: tf.Tensor3D;
  /** [2, 4H]: torch's two biases added. */
  readonly bias: tf.Tensor2D;
}

/**
 * One bidirectional layer.
 * @param parameters `<name>.weight_ih_l0` [4H, D], `weight_hh_l0` [4H, H], `bias_ih_l0`, `bias_hh_l0` [4H], and the same with `_reverse`
 * @param x [B, T, D]
 * @param lengths [B] int32, from 1 to T
 * @param layer which of torch's stacked layers to read (`_l0`, `_l1`, ...)
 * @returns [B, T, 2H], zero behind each length; differentiable in x and the parameters
 */
export function bidirectionalLstm(
  parameters: Parameters,
  name: string,
  x: tf.Tensor3D,
  lengths: tf.Tensor1D,
  layer = 0,
): tf.Tensor3D {
  const read = (kind: string): tf.Tensor[] =>
    ['', '_reverse'].map((direction) => {
      const path = `${name}.${kind}_l${layer}${direction}`;
      const tensor = parameters[path];
      if (tensor === undefined) throw new Error(`parameter ${path} is missing`);
      return tensor;
    });
  const bias = tf.add(tf.stack(read('bias_ih')), tf.stack(read('bias_hh')));
  const hidden = layerWithGradient(lengths)(
    tf.transpose(x, [1, 0, 2]),
    tf.stack(read('weight_ih')),
    tf.stack(read('weight_hh')),
    bias,
  ) as tf.Tensor4D; // [T, 2, B, H]
  const [frames, , batch, size] = hidden.shape;
  return tf.reshape(tf.transpose(hidden, [2, 0, 1, 3]), [batch, frames, 2 * size]);
}

/** (x [T, B, D], input [2, 4H, D], recurrent [2, 4H, H], bias [2, 4H]) to outputs [T, 2, B, H]. */
function layerWithGradient(lengths: tf.Tensor1D): (...inputs: tf.Tensor[]) => tf.Tensor {
  return tf.customGrad((...all) => {
    const [x, input, recurrent, bias, save] = all as [...LayerInputs, tf.GradSaveFunc];
    const value = runLayer(x, { input, recurrent, bias }, lengths);
    save([x, input, recurrent, bias, lengths, value]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [x, input, recurrent, bias, lengths, value] = saved as [...LayerInputs, tf.Tensor1D, tf.Tensor4D];
      return gradients(x, { input, recurrent, bias }, lengths, value, dy as tf.Tensor4D);
    };
    return { value, gradFunc };
  });
}

type LayerInputs = [x: tf.Tensor3D, input: tf.Tensor3D, recurrent: tf.Tensor3D, bias: tf.Tensor2D];

function runLayer(x: tf.Tensor3D, weights: Weights, lengths: tf.Tensor1D): tf.Tensor4D {
  const { input, recurrent, bias } = weights;
  const [hidden] = lowered('BidirectionalLstm', { x, input, recurrent, bias, lengths }, {}, () => [
    eagerLayer(x, weights, lengths),
  ]);
  return hidden as tf.Tensor4D;
}

/** Rows of ONNX's gate order (i, o, f, g) taken from torch's (i, f, g, o). */
const onnxGateOrder = [0, 3, 1, 2];

defineLowering('BidirectionalLstm', (graph, inputs) => {
  const [x, recurrent] = [need(inputs, 'x'), need(inputs, 'recurrent')];
  const [frames, batch] = x.shape as [number, number];
  const size = recurrent.shape[2] as number;
  const rows = graph.constant(
    onnxGateOrder.flatMap((gate) => Array.from({ length: size }, (_, i) => gate * size + i)),
    [4 * size],
    'int64',
  );
  const reordered = ['input', 'recurrent', 'bias'].map((name) => {
    const value = need(inputs, name);
    return graph.emit('Gather', [value, rows], value.shape, 'float32', { attributes: { axis: { int: 1 } } });
  });
  const bias = reordered[2];
  if (bias === undefined) throw new Error('the bias is missing');
  const noBias = graph.expand(graph.scalar(0), [2, 4 * size]);
  const biases = graph.emit('Concat', [bias, noBias], [2, 8 * size], 'float32', {
    attributes: { axis: { int: 1 } },
  });
  return graph.emit(
    'LSTM',
    [x, reordered[0], reordered[1], biases, need(inputs, 'lengths')],
    [frames, 2, batch, size],
    'float32',
    { attributes: { direction: { text: 'bidirectional' }, hidden_size: { int: size } } },
  );
});

/** What the gates receive from the input: [2, T, B, 4H]. */
function inputProjection(xs: tf.Tensor4D, weights: Weights): tf.Tensor4D {
  const [, frames, batch, width] = xs.shape;
  const flat = tf.reshape(xs, [2, frames * batch, width]);
  const projected = tf.add(tf.matMul(flat, weights.input, false, true), tf.expandDims(weights.bias, 1));
  return tf.reshape(projected, [2, frames, batch, -1]);
}

/** The four gates of pre-activations [..., 4H], in the order i, f, g, o. */
function gatesOf(preActivations: tf.Tensor): [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor] {
  const [i, f, g, o] = tf.split(preActivations, 4, -1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  return [tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)];
}

function eagerLayer(x: tf.Tensor3D, weights: Weights, lengths: tf.Tensor1D): tf.Tensor4D {
  const [frames, batch] = x.shape;
  const size = weights.recurrent.shape[2];
  const projected = timeFirst(inputProjection(bothDirections(x), weights));
  const zero = tf.zeros([2, batch, size]);
  const { outputs } = scan(
    ([hidden, cell], [fromInput, mask]) => {
      const [h, c, m] = [hidden as tf.Tensor, cell as tf.Tensor, mask as tf.Tensor];
      const [i, f, g, o] = gatesOf(
        tf.add(fromInput as tf.Tensor, tf.matMul(h, weights.recurrent, false, true)),
      );
      const nextCell = tf.mul(tf.add(tf.mul(f, c), tf.mul(i, g)), m);
      const nextHidden = tf.mul(tf.mul(o, tf.tanh(nextCell)), m);
      return { state: [nextHidden, nextCell], outputs: [nextHidden] };
    },
    [zero, zero],
    [projected, timeFirst(frameMasks(lengths, frames))],
  );
  return timeFirst(flipSecond(timeFirst(outputs[0] as tf.Tensor4D)));
}

/** Gradients of x and the weights from those of the outputs. Gates are recomputed from the outputs at once. */
function gradients(
  x: tf.Tensor3D,
  weights: Weights,
  lengths: tf.Tensor1D,
  outputs: tf.Tensor4D, // [T, 2, B, H]
  dy: tf.Tensor4D, // [T, 2, B, H]
): tf.Tensor[] {
  const [frames, batch, width] = x.shape;
  const size = weights.recurrent.shape[2];
  const rows = frames * batch;
  const xs = bothDirections(x);
  const hidden = flipSecond(timeFirst(outputs)); // [2, T, B, H]
  const previous = tf.pad(tf.slice(hidden, [0, 0, 0, 0], [-1, frames - 1, -1, -1]), [
    [0, 0],
    [1, 0],
    [0, 0],
    [0, 0],
  ]);
  const previousRows = tf.reshape(previous, [2, rows, size]);
  const recurrentPart = tf.reshape(tf.matMul(previousRows, weights.recurrent, false, true), [
    2,
    frames,
    batch,
    -1,
  ]);
  const mask = timeFirst(frameMasks(lengths, frames)); // [T, 2, B, 1]
  const [i, f, g, o] = gatesOf(timeFirst(tf.add(inputProjection(xs, weights), recurrentPart))); // [T, 2, B, H]
  const keep = tf.mul(f, mask);
  const cells = cellsOf(keep, tf.mul(tf.mul(i, g), mask)); // [T, 2, B, H]
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
  ); // [T, 2, B, 4H]
  const cellFromHidden = tf.mul(o, tf.sub(1, tf.square(squashed)));
  const dyDirections = timeFirst(flipSecond(timeFirst(dy)));
  const dGatesByTime = gateGradients(weights.recurrent, [dyDirections, factors, cellFromHidden, keep]);
  const dGates = tf.reshape(timeFirst(dGatesByTime), [2, rows, 4 * size]);
  const dxs = flipSecond(tf.reshape(tf.matMul(dGates, weights.input), [2, frames, batch, width]));
  return [
    tf.sum(dxs, 0),
    tf.matMul(dGates, tf.reshape(xs, [2, rows, width]), true),
    tf.matMul(dGates, previousRows, true),
    tf.sum(dGates, 1),
  ];
}

/** Bytes of both directions' recurrent weights up to which the caches hold them through the steps of a loop. */
const cachedBytes = 8 * 2 ** 20;

/**
 * Gradients of the gates' pre-activations, from the last step to the first.
 * @param sequences of the outputs' gradients [T, 2, B, H], `factors` [T, 2, B, 4H], `cellFromHidden` and `keep` [T, 2, B, H]
 * @returns [T, 2, B, 4H]
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
