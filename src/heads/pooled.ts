/** @file SUPERB's utterance head over per-layer means: exact, since sum, projection and mean commute. */
import * as tf from '@tensorflow/tfjs';
import type { PooledHead } from '../../tasks/task.js';
import { scan } from '../engine/scan.js';
import { float32, type HostParameters, type Parameters } from '../engine/tree.js';
import { type AdamState, adamStep, clipGradients } from '../nn/adam.js';
import { lossAndGradients } from '../nn/gradients.js';
import { layerSum } from '../nn/layerSum.js';
import { linear, parameter } from '../nn/linear.js';
import { linearStart } from './head.js';

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

/**
 * The sum over slots of the mean cross-entropy.
 * @param targets [batch, slots] int32
 */
export function classificationLoss(logits: readonly tf.Tensor2D[], targets: tf.Tensor): tf.Scalar {
  const losses = logits.map((scores, slot) => {
    const [batch, classes] = scores.shape;
    const column = tf.reshape(tf.slice(targets, [0, slot], [-1, 1]), [batch]) as tf.Tensor1D;
    const wanted = tf.oneHot(column, classes, 1, 0, 'float32');
    return tf.neg(tf.mean(tf.sum(tf.mul(wanted, tf.logSoftmax(scores, -1)), -1)));
  });
  return losses.reduce((sum, loss) => tf.add(sum, loss)) as tf.Scalar;
}

/** Inputs of a run of updates. Types, so that they are trees. */
export type PooledUpdates = {
  readonly parameters: Parameters;
  readonly moments: AdamState<Parameters>;
  /** Updates done before, a scalar. */
  readonly step: tf.Tensor;
  readonly learningRate: tf.Tensor;
  /** [updates, layers, batch, dim] */
  readonly means: tf.Tensor;
  /** [updates, batch, slots] int32 */
  readonly targets: tf.Tensor;
};

export type PooledUpdated = {
  readonly parameters: Parameters;
  readonly moments: AdamState<Parameters>;
  /** [updates]: the loss before each update. */
  readonly losses: tf.Tensor;
};

/** As many updates as `means` has batches, in one program: clipped gradients, then Adam. */
export function pooledUpdates(inputs: PooledUpdates, slots: number, gradientClip: number): PooledUpdated {
  const names = Object.keys(inputs.parameters);
  const { learningRate } = inputs;
  const inOrder = (tree: Parameters): tf.Tensor[] => names.map((name) => parameter(tree, name));
  const named = (tensors: readonly tf.Tensor[], part: number): Parameters =>
    Object.fromEntries(names.map((name, i) => [name, tensors[part * names.length + i] as tf.Tensor]));
  const { state, outputs } = scan(
    (before, [means, targets]) => {
      const step = tf.add(before[3 * names.length] as tf.Tensor, 1);
      const parameters = named(before, 0);
      const { loss, gradients } = lossAndGradients(parameters, (values) => ({
        loss: classificationLoss(pooledLogits(values, slots, means as tf.Tensor), targets as tf.Tensor),
        auxiliary: {},
      }));
      const clipped = clipGradients(gradients, gradientClip).gradients;
      const moments = { first: named(before, 1), second: named(before, 2) };
      const next = adamStep(parameters, clipped, moments, step, learningRate);
      return {
        state: [
          ...inOrder(next.parameters),
          ...inOrder(next.state.first),
          ...inOrder(next.state.second),
          step,
        ],
        outputs: [loss],
      };
    },
    [
      ...inOrder(inputs.parameters),
      ...inOrder(inputs.moments.first),
      ...inOrder(inputs.moments.second),
      inputs.step,
    ],
    [inputs.means, inputs.targets],
  );
  return {
    parameters: named(state, 0),
    moments: { first: named(state, 1), second: named(state, 2) },
    losses: outputs[0] as tf.Tensor,
  };
}
