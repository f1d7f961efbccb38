/** @file Groups of channels brought to zero mean and unit variance over time, for any length, also of padded rows. */

import { defineLowering, need } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { withGradient } from './custom.js';
import { parameter } from './linear.js';
import { normEpsilon } from './norm.js';

defineLowering('ChannelNorm', (graph, inputs, { epsilon }) => {
  const x = need(inputs, 'x');
  const operands = [x, need(inputs, 'weight'), need(inputs, 'bias')];
  return graph.emit('InstanceNormalization', operands, x.shape, 'float32', {
    attributes: { epsilon: { float: Number(epsilon) } },
  });
});

export interface GroupNormSettings {
  readonly groups: number;
  readonly epsilon?: number;
  /**
   * bool [batch, time]: the steps that are a row's own (see `ownSteps`). Statistics are taken over those alone, as of
   * the row alone; the others become the bias.
   */
  readonly own?: tf.Tensor | undefined;
}

/**
 * As torch.nn.GroupNorm: channels in groups, each normalised over its channels and time.
 * @param x [batch, channels, time]; `name.weight` and `name.bias` are [channels]
 */
export function groupNorm(
  parameters: Parameters,
  name: string,
  x: tf.Tensor,
  { groups, epsilon = normEpsilon, own }: GroupNormSettings,
): tf.Tensor {
  const [weight, bias] = [parameter(parameters, `${name}.weight`), parameter(parameters, `${name}.bias`)];
  const plain = (): tf.Tensor => {
    const { centred, scale } = normalized(x, groups, epsilon, own);
    const factors = scale.mul(weight.reshape([1, groups, -1, 1])); // (batch, groups, channels of one, 1)
    return centred
      .mul(factors)
      .reshape(x.shape)
      .add(bias.reshape([-1, 1]));
  };
  return withGradient(
    [x, weight, bias],
    () => {
      // The runtime has an operator for a group a channel over the whole time.
      const whole = own === undefined && groups === x.shape[1];
      const value = whole
        ? (lowered('ChannelNorm', { x, weight, bias }, { epsilon }, () => [plain()])[0] as tf.Tensor)
        : plain();
      return { value, saved: own === undefined ? [x, weight] : [x, weight, own] };
    },
    (dy, saved) => {
      const [input, factors, kept] = saved as [tf.Tensor, tf.Tensor, tf.Tensor | undefined];
      return groupNormGradients(dy, input, factors, { groups, epsilon, own: kept });
    },
  );
}

/** The gradients in x, weight and bias; what was normalised is computed again rather than kept. */
function groupNormGradients(
  dy: tf.Tensor,
  x: tf.Tensor,
  weight: tf.Tensor,
  { groups, epsilon, own }: { groups: number; epsilon: number; own: tf.Tensor | undefined },
): tf.Tensor[] {
  const { centred: apart, scale, mean, hide } = normalized(x, groups, epsilon, own);
  const normal = apart.mul(scale);
  const along = hide(dy.mul(weight.reshape([-1, 1])).reshape(normal.shape)); // (batch, groups, channels of one, time)
  const centred = along.sub(mean(along)).sub(normal.mul(mean(along.mul(normal))));
  return [
    hide(centred).mul(scale).reshape(x.shape),
    dy.mul(normal.reshape(x.shape)).sum([0, 2]),
    dy.sum([0, 2]),
  ];
}

/**
 * x in groups, its means taken off, [batch, groups, channels of one, time], with what scales it to unit variance, [batch, groups, 1, 1];
 * steps that are not a row's own are zero.
 */
function normalized(x: tf.Tensor, groups: number, epsilon: number, own: tf.Tensor | undefined) {
  const [batch, channels, time] = x.shape as [number, number, number];
  const apart = x.reshape([batch, groups, channels / groups, time]);
  const kept = own?.toFloat().reshape([batch, 1, 1, time]);
  const count = kept?.sum([2, 3], true).mul(channels / groups); // (batch, 1, 1, 1)
  const hide = (z: tf.Tensor): tf.Tensor => (kept === undefined ? z : z.mul(kept));
  const meanOfHidden = (z: tf.Tensor): tf.Tensor =>
    count === undefined ? z.mean([2, 3], true) : z.sum([2, 3], true).div(count);
  const mean = (z: tf.Tensor): tf.Tensor => meanOfHidden(hide(z));
  const centred = hide(apart.sub(mean(apart)));
  const scale = meanOfHidden(centred.square()).add(epsilon).rsqrt();
  return { centred, scale, mean, hide };
}
