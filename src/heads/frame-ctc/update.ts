/** @file What an update of a recognition head computes: CTC losses of a batch, weighted. */
import type { HostParameters } from '../../base/host-tensor.js';
import { constants } from '../../engine/constants.js';
import * as tf from '../../engine/ops.js';
import { ctcLoss } from '../../nn/ctc.js';
import type { LossFunction } from '../../training/gradient-sums.js';
import { type AugmentMasks, type CtcBatch, type CtcForm, ctcLogits } from './model.js';

/** Inputs of one update. A type, so that it is a tree. */
export type CtcUpdate = {
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

/** How the updates of a head are done. */
export interface CtcTraining extends CtcForm {
  readonly dropout: number;
  /** If set, hidden states are shifted and scaled by it. */
  readonly standard?: HostParameters | undefined;
}

/** The weighted sum of the CTC losses of a batch. */
export function ctcBatchLoss(training: CtcTraining): LossFunction<CtcUpdate> {
  const { blank, dropout, standard = {} } = training;
  return (parameters, { batch: { states, steps }, targets, targetLengths, weights, key, masks }) => {
    const all = { ...parameters, ...constants(standard) };
    const logits = ctcLogits(all, training, states, steps, { dropout, key, masks });
    const lengths = [steps, targetLengths] as [tf.Tensor1D, tf.Tensor1D];
    const losses = ctcLoss(logits, targets as tf.Tensor2D, ...lengths, blank);
    return { loss: tf.sum(tf.mul(losses, weights)) };
  };
}
