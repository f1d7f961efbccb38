/** @file What head kinds train with: one model after the other on the shared loop, compiled updates, schedules, starts. */

export type { DevScores } from '../training/course.js';
export type { BatchLoss, LossFunction } from '../training/gradient-sums.js';
export { type HeadTraining, type Judged, trainHeads, trainingFields } from '../training/heads.js';
export { type HeldWeights, readWeights, releaseWeights, type Weights } from '../training/held-weights.js';
export { layerWeightsOf } from '../training/layer-weights.js';
export {
  type OneByOne,
  type OneByOneSettings,
  type TrainedSeed,
  type TrainingWork,
  trainOneByOne,
} from '../training/one-by-one.js';
export type { OptimizerSettings, ParameterGroup } from '../training/parameter-groups.js';
export {
  constantRate,
  linearDecay,
  type Schedule,
  type TriStage,
  triStage,
  warmUpCosine,
} from '../training/schedule.js';
export { linearStart, uniformTensor } from '../training/start.js';
export { compileUpdates, type Updated, type UpdatePlace, type Updates } from '../training/updates.js';
