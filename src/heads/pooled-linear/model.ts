/** @file SUPERB's utterance head over per-layer means: exact, since sum, projection and mean commute. */

import type { PooledHead } from '../../api/task.js';
import { float32, type HostParameters } from '../../base/host-tensor.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { layerSum } from '../../nn/layer-sum.js';
import { linear, parameter } from '../../nn/linear.js';
import { linearStart } from '../head.js';

export type Slots = PooledHead['slots'];

/** Layer weights at zero (a uniform sum), linear maps as torch starts them. */
export function pooledStart(
  seed: number,
  layers: number,
  dim: number,
  slots: Slots,
  projectionSize: number,
): HostParameters {
  return {
    layerWeights: float32([layers]),
    ...linearStart(seed, 'projector', dim, projectionSize),
    ...Object.assign(
      {},
      ...slots.map(({ classes }, i) => linearStart(seed, `classifier.${i}`, projectionSize, classes.length)),
    ),
  };
}

/**
 * Logits of every slot.
 * @param means [layers, batch, dim]: each layer's mean over time
 * @returns [batch, classes] for each slot
 */
export function pooledLogits(parameters: Parameters, slots: number, means: tf.Tensor): tf.Tensor2D[] {
  const summed = layerSum(parameter(parameters, 'layerWeights'), means); // [batch, dim]
  const projected = linear(parameters, 'projector', summed);
  return Array.from(
    { length: slots },
    (_, i) => linear(parameters, `classifier.${i}`, projected) as tf.Tensor2D,
  );
}
