/**
 * @file An LSTM layer of one direction or two over padded batches, with gradients by hand.
 *
 * Parameters are named and laid out as in `torch.nn.LSTM`: gates in the order i, f, g, o.
 * Padding is handled as by `pack_padded_sequence`: the backward direction starts at each utterance's own end.
 */

import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { frameMasks, inDirections, timeFirst, turnSecond } from './directions.js';
import { parameter } from './linear.js';
import { lstmGradients } from './lstm-gradients.js';
import { type Inner, runSteps } from './lstm-steps.js';

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
    const xs = inDirections(x, lengths, recurrent.shape[0]);
    const own = frameMasks(lengths, x);
    const { hidden, inner } = runSteps(xs, { input, recurrent, bias });
    save([xs, input, recurrent, bias, lengths, own, hidden, ...inner]);
    const inOrder = (y: tf.Tensor4D): tf.Tensor4D => timeFirst(turnSecond(timeFirst(y), lengths));
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [xs, input, recurrent, bias, lengths, own, hidden, ...inner] = saved as Saved;
      const steps = { hidden, inner };
      const dOutputs = inOrder(tf.mul(dy, own) as tf.Tensor4D);
      return lstmGradients(xs, { input, recurrent, bias }, lengths, steps, dOutputs);
    };
    return { value: tf.mul(inOrder(hidden), own), gradFunc };
  });
}

type LayerWeights = [input: tf.Tensor3D, recurrent: tf.Tensor3D, bias: tf.Tensor2D];
type LayerInputs = [x: tf.Tensor3D, ...LayerWeights];
type Saved = [
  xs: tf.Tensor4D,
  ...LayerWeights,
  lengths: tf.Tensor1D,
  own: tf.Tensor4D,
  hidden: tf.Tensor4D,
  ...Inner,
];
