/** @file Affine map of the last axis. */
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';

/** The parameter called `name`; an error that says which is missing. */
export function parameter(parameters: Parameters, name: string): tf.Tensor {
  const tensor = parameters[name];
  if (tensor === undefined) throw new Error(`the parameter ${name} is missing`);
  return tensor;
}

/**
 * x W^T + b, as torch.nn.Linear.
 * @param x [..., in]
 * @param parameters `name.weight` [out, in] and, if there, `name.bias` [out]
 * @returns [..., out]
 */
export function linear(parameters: Parameters, name: string, x: tf.Tensor): tf.Tensor {
  const weight = parameter(parameters, `${name}.weight`) as tf.Tensor2D;
  const bias = parameters[`${name}.bias`];
  const width = x.shape.at(-1) as number;
  const rows = tf.matMul(x.reshape([-1, width]) as tf.Tensor2D, weight, false, true); // (rows, out)
  const shifted = bias === undefined ? rows : rows.add(bias);
  return shifted.reshape([...x.shape.slice(0, -1), weight.shape[0]]);
}
