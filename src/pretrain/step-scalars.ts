/** @file What a step of pre-training tells TensorBoard. */
import type { StepLog } from './train.js';

const defined = (tag: string, value: number | undefined): Record<string, number> =>
  value === undefined ? {} : { [tag]: value };

/** Values by tags; what stands before a slash groups them. */
export const stepScalars = (log: StepLog): Readonly<Record<string, number>> => ({
  'loss/reconstruction': log.reconstruction,
  'loss/ranking': log.ranking,
  learning_rate: log.learningRate,
  gradient_norm: log.gradientNorm,
  'masking/masked_fraction': log.maskedFraction,
  'masking/hard_share': log.hardShare,
  'variance/target': log.targetVariance,
  'variance/prediction': log.predictionVariance,
  teacher_decay: log.teacherDecay,
  ...defined('correlation/student', log.studentCorrelation),
  ...defined('correlation/teacher_targets', log.targetsCorrelation),
  ...defined('correlation/teacher_encoder', log.encoderCorrelation),
  updates_per_second: log.stepsPerSecond,
  waiting_for_input: log.waiting,
});
