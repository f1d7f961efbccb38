/** @file Each channel brought to zero mean and unit variance over time, for any length. */

import { defineLowering, need } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { parameter } from './linear.js';
import { normEpsilon } from './norm.js';

defineLowering('ChannelNorm', (graph, inputs, { epsilon }) => {
  const x = need(inputs, 'x');
  const operands = [x, need(inputs, 'weight'), need(inputs, 'bias')];
  return graph.emit('InstanceNormalization', operands, x.shape, 'float32', {
    attributes: { epsilon: { float: Number(epsilon) } },
  });
});

/**
 * As torch.nn.GroupNorm with a group a channel. Without a gradient: for frozen encoders.
 * @param x [batch, channels, time]; `name.weight` and `name.bias` are [channels]
 */
export function channelNorm(
  parameters: Parameters,
  name: string,
  x: tf.Tensor,
  epsilon = normEpsilon,
): tf.Tensor {
  const [weight, bias] = [parameter(parameters, `${name}.weight`), parameter(parameters, `${name}.bias`)];
  const [value] = lowered('ChannelNorm', { x, weight, bias }, { epsilon }, () => {
    const centred = x.sub(x.mean(2, true));
    const normal = centred.mul(centred.square().mean(2, true).add(epsilon).rsqrt());
    return [normal.mul(weight.reshape([-1, 1])).add(bias.reshape([-1, 1]))];
  });
  return value as tf.Tensor;
}
