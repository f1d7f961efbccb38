/** @file The exact (erf) Gaussian error linear unit. */

import { defineLowering, need } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import type * as tf from '../engine/ops.js';
import { withGradient } from './custom.js';

defineLowering('ExactGelu', (graph, inputs) => {
  const x = need(inputs, 'x');
  return graph.emit('Gelu', [x], x.shape, 'float32', { domain: 'com.microsoft' });
});

/** x Φ(x), as torch's F.gelu (Hendrycks and Gimpel, 2016). Any shape. */
export function gelu(x: tf.Tensor): tf.Tensor {
  return withGradient(
    [x],
    () => {
      const [value] = lowered('ExactGelu', { x }, {}, () => [x.mul(normalCdf(x))]);
      return { value: value as tf.Tensor, saved: [x] };
    },
    (dy, [z]) => {
      // Φ(x) + x φ(x) with u = x / √2, in which x φ(x) is u exp(-u²) / √π.
      const u = (z as tf.Tensor).mul(Math.SQRT1_2);
      const slope = u.div(u.square().exp()).mul(1 / Math.sqrt(Math.PI));
      return [dy.mul(u.erf().add(1).mul(0.5).add(slope))];
    },
  );
}

function normalCdf(x: tf.Tensor): tf.Tensor {
  return x.mul(Math.SQRT1_2).erf().add(1).mul(0.5);
}
