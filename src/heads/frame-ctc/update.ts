/** @file An update of a recognition head: CTC losses of a batch, gradients, Adam. */
import type { HostParameters } from '../../base/host-tensor.js';
import { constants } from '../../engine/constants.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { type AdamState, adamStep, clipScale } from '../../nn/adam.js';
import { ctcLoss } from '../../nn/ctc.js';
import { lossAndGradients } from '../../nn/gradients.js';
import { type AugmentMasks, type CtcBatch, type CtcForm, ctcLogits } from './model.js';

/** Inputs of one update. Types, so that they are trees. */
export type CtcUpdate = {
  readonly parameters: Parameters;
  readonly moments: AdamState<Parameters>;
  /** Updates done before, a scalar. */
  readonly step: tf.Tensor;
  readonly learningRate: tf.Tensor;
  readonly batch: CtcBatch;
  /** [batch, L] int32 */
  readonly targets: tf.Tensor;
  readonly targetLengths: tf.Tensor;
  /** [batch]: what each utterance's loss counts; 0 for rows that only fill the batch. */
  readonly weights: tf.Tensor;
  /** int32 scalar that decides the dropout masks. */
  readonly key: tf.Tensor;
  readonly masks?: AugmentMasks;
};

export type CtcUpdated = {
  readonly parameters: Parameters;
  readonly moments: AdamState<Parameters>;
  readonly loss: tf.Tensor;
};

/** How the updates of a head are done. */
export interface CtcTraining extends CtcForm {
  readonly dropout: number;
  readonly gradientClip: number;
  /** If set, hidden states are shifted and scaled by it. */
  readonly standard?: HostParameters | undefined;
}

/** One update: weighted CTC losses, clipped gradients, Adam. */
export function ctcUpdate(inputs: CtcUpdate, training: CtcTraining): CtcUpdated {
  const { blank, dropout, gradientClip, standard = {} } = training;
  const { states, steps } = inputs.batch;
  const { loss, gradients } = lossAndGradients(inputs.parameters, (parameters) => {
    const all = { ...parameters, ...constants(standard) };
    const logits = ctcLogits(all, training, states, steps, { dropout, key: inputs.key, masks: inputs.masks });
    const losses = ctcLoss(
      logits,
      inputs.targets as tf.Tensor2D,
      steps as tf.Tensor1D,
      inputs.targetLengths as tf.Tensor1D,
      blank,
    );
    return { loss: tf.sum(tf.mul(losses, inputs.weights)), auxiliary: {} };
  });
  const next = adamStep(inputs.parameters, gradients, inputs.moments, {
    step: tf.add(inputs.step, 1),
    learningRate: inputs.learningRate,
    gradientScale: clipScale(gradients, gradientClip).scale,
  });
  return { parameters: next.parameters, moments: next.state, loss };
}
