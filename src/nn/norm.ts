/** @file Layer and instance normalisation. */

import { defineLowering, need } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { withGradient } from './custom.js';

/** PyTorch's default. */
export const normEpsilon = 1e-5;

defineLowering('StandardizeLastAxis', (graph, inputs, { epsilon }) => {
  const x = need(inputs, 'x');
  const width = x.shape.at(-1) as number;
  const ones = graph.constant(new Float32Array(width).fill(1), [width], 'float32');
  const statistics = { shape: [...x.shape.slice(0, -1), 1], type: 'float32' } as const;
  const [y, , inverse] = graph.emitMany(
    'LayerNormalization',
    [x, ones],
    [{ shape: x.shape, type: 'float32' }, statistics, statistics],
    { attributes: { axis: { int: -1 }, epsilon: { float: Number(epsilon) } } },
  );
  return y === undefined || inverse === undefined ? [] : [y, inverse];
});

/** Zero mean and unit (biased) variance over the last axis. Any shape. */
export function standardize(x: tf.Tensor, epsilon = normEpsilon): tf.Tensor {
  return withGradient(
    [x],
    () => {
      const [value, scale] = lowered('StandardizeLastAxis', { x }, { epsilon }, () => {
        const centred = x.sub(x.mean(-1, true));
        const inverse = centred.square().mean(-1, true).add(epsilon).rsqrt();
        return [centred.mul(inverse), inverse];
      }) as [tf.Tensor, tf.Tensor];
      return { value, saved: [value, scale] };
    },
    (dy, saved) => {
      const [normal, scale] = saved as [tf.Tensor, tf.Tensor];
      const along = dy.mul(normal).mean(-1, true);
      return [dy.sub(dy.mean(-1, true)).sub(normal.mul(along)).mul(scale)];
    },
  );
}

/**
 * As torch.nn.LayerNorm over the last axis; without `name.weight` there is no affine part.
 * @param x [..., width]
 */
export function layerNorm(
  parameters: Parameters,
  name: string,
  x: tf.Tensor,
  epsilon = normEpsilon,
): tf.Tensor {
  return affine(parameters, name, standardize(x, epsilon));
}

/**
 * Each channel of each utterance to zero mean and unit variance over time, as F.instance_norm.
 * @param x [batch, time, channels]
 */
export function instanceNorm(x: tf.Tensor): tf.Tensor {
  return standardize(x.transpose([0, 2, 1])).transpose([0, 2, 1]);
}

function affine(parameters: Parameters, name: string, x: tf.Tensor): tf.Tensor {
  const weight = parameters[`${name}.weight`];
  const bias = parameters[`${name}.bias`];
  const scaled = weight === undefined ? x : x.mul(weight);
  return bias === undefined ? scaled : scaled.add(bias);
}
