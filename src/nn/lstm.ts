/**
 * @file An LSTM layer of one direction or two over padded batches: ONNX `LSTM` forward when compiled, gradients by hand.
 *
 * Parameters are named and laid out as in `torch.nn.LSTM`: gates in the order i, f, g, o.
 * Padding is handled as by `pack_padded_sequence`: the backward direction starts at each utterance's own end.
 */

import { defineLowering, need } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import * as tf from '../engine/ops.js';
import { scan } from '../engine/scan.js';
import type { Parameters } from '../engine/tree.js';
import { flipSecond, frameMasks, inDirections, timeFirst } from './directions.js';
import { parameter } from './linear.js';
import { gatesOf, inputProjection, type Weights } from './lstm-gates.js';
import { lstmGradients } from './lstm-gradients.js';

/**
 * One layer that reads forwards alone.
 * @param parameters as of `bidirectionalLstm`, without those of `_reverse`
 * @param x [B, T, D]
 * @param lengths [B] int32, from 1 to T
 * @returns [B, T, H], zero behind each length; differentiable in x and the parameters
 */
export function lstm(
  parameters: Parameters,
  name: string,
  x: tf.Tensor3D,
  lengths: tf.Tensor1D,
  layer = 0,
): tf.Tensor3D {
  return layerOf(parameters, name, x, lengths, [`_l${layer}`]);
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
  return layerOf(parameters, name, x, lengths, [`_l${layer}`, `_l${layer}_reverse`]);
}

/** The directions with these ends of their parameters' names, forwards first. */
function layerOf(
  parameters: Parameters,
  name: string,
  x: tf.Tensor3D,
  lengths: tf.Tensor1D,
  directions: readonly string[],
): tf.Tensor3D {
  const read = (kind: string): tf.Tensor[] =>
    directions.map((direction) => parameter(parameters, `${name}.${kind}${direction}`));
  const bias = tf.add(tf.stack(read('bias_ih')), tf.stack(read('bias_hh')));
  const hidden = layerWithGradient(lengths)(
    tf.transpose(x, [1, 0, 2]),
    tf.stack(read('weight_ih')),
    tf.stack(read('weight_hh')),
    bias,
  ) as tf.Tensor4D; // [T, directions, B, H]
  const [frames, count, batch, size] = hidden.shape;
  return tf.reshape(tf.transpose(hidden, [2, 0, 1, 3]), [batch, frames, count * size]);
}

/** (x [T, B, D], input [directions, 4H, D], recurrent [., 4H, H], bias [., 4H]) to outputs [T, directions, B, H]. */
function layerWithGradient(lengths: tf.Tensor1D): (...inputs: tf.Tensor[]) => tf.Tensor {
  return tf.customGrad((...all) => {
    const [x, input, recurrent, bias, save] = all as [...LayerInputs, tf.GradSaveFunc];
    const value = runLayer(x, { input, recurrent, bias }, lengths);
    save([x, input, recurrent, bias, lengths, value]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [x, input, recurrent, bias, lengths, value] = saved as [...LayerInputs, tf.Tensor1D, tf.Tensor4D];
      return lstmGradients(x, { input, recurrent, bias }, lengths, value, dy as tf.Tensor4D);
    };
    return { value, gradFunc };
  });
}

type LayerInputs = [x: tf.Tensor3D, input: tf.Tensor3D, recurrent: tf.Tensor3D, bias: tf.Tensor2D];

function runLayer(x: tf.Tensor3D, weights: Weights, lengths: tf.Tensor1D): tf.Tensor4D {
  const { input, recurrent, bias } = weights;
  const [hidden] = lowered('Lstm', { x, input, recurrent, bias, lengths }, {}, () => [
    eagerLayer(x, weights, lengths),
  ]);
  return hidden as tf.Tensor4D;
}

/** Rows of ONNX's gate order (i, o, f, g) taken from torch's (i, f, g, o). */
const onnxGateOrder = [0, 3, 1, 2];

defineLowering('Lstm', (graph, inputs) => {
  const [x, recurrent] = [need(inputs, 'x'), need(inputs, 'recurrent')];
  const [frames, batch] = x.shape as [number, number];
  const [directions, , size] = recurrent.shape as [number, number, number];
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
  const noBias = graph.expand(graph.scalar(0), [directions, 4 * size]);
  const biases = graph.emit('Concat', [bias, noBias], [directions, 8 * size], 'float32', {
    attributes: { axis: { int: 1 } },
  });
  return graph.emit(
    'LSTM',
    [x, reordered[0], reordered[1], biases, need(inputs, 'lengths')],
    [frames, directions, batch, size],
    'float32',
    {
      attributes: {
        direction: { text: directions === 1 ? 'forward' : 'bidirectional' },
        hidden_size: { int: size },
      },
    },
  );
});

function eagerLayer(x: tf.Tensor3D, weights: Weights, lengths: tf.Tensor1D): tf.Tensor4D {
  const [frames, batch] = x.shape;
  const [directions, , size] = weights.recurrent.shape;
  const projected = timeFirst(inputProjection(inDirections(x, directions), weights));
  const zero = tf.zeros([directions, batch, size]);
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
    [projected, timeFirst(frameMasks(lengths, frames, directions))],
  );
  return timeFirst(flipSecond(timeFirst(outputs[0] as tf.Tensor4D)));
}
