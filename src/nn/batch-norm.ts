/** @file Channels normalised by statistics that a training left behind (torch.nn.BatchNorm1d after training). */
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { detached } from './custom.js';
import { parameter } from './linear.js';
import { normEpsilon } from './norm.js';

/**
 * torch.nn.BatchNorm1d as it is after training, in training too: its statistics stay, and no gradient goes through them.
 * (torch takes those of the batch in training, in which the rows beside one, and padding, would move it.)
 * @param x [batch, channels, time]
 * @param parameters `name.weight`, `name.bias`, `name.running_mean`, `name.running_var`, each [channels]
 */
export function normalizeByStatistics(parameters: Parameters, name: string, x: tf.Tensor): tf.Tensor {
  const of = (part: string): tf.Tensor => parameter(parameters, `${name}.${part}`);
  const inverse = detached(of('running_var'), (variance) => variance.add(normEpsilon).rsqrt());
  const scale = of('weight').mul(inverse);
  const mean = detached(of('running_mean'), (value) => value.clone());
  const shift = of('bias').sub(mean.mul(scale));
  return x.mul(scale.reshape([-1, 1])).add(shift.reshape([-1, 1]));
}
