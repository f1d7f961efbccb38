/** @file What head kinds and encoder families are written in: tensors, programs, layers, Adam, the front end. */
export { sampleRateHz } from '../audio/index.js';
export {
  type DataType,
  float32,
  floatsOf,
  type HostParameters,
  type HostTensor,
  int32,
  scalar,
  sizeOf,
} from '../base/host-tensor.js';
export { deltas } from '../encoders/families/deltas.js';
export { hopSamples, logMel, windowSamples } from '../encoders/families/log-mel.js';
export {
  convSpecs,
  linearSpecs,
  normSpecs,
  type ParameterSpec,
  type Specs,
  type Start,
  startParameters,
} from '../encoders/parameter-specs.js';
export type { Engine, Given, Held, Outputs, Program, ProgramOptions } from '../engine/engine.js';
export type { Tensor } from '../engine/ops.js';
export * as ops from '../engine/ops.js';
export type { Parameters, ToHost } from '../engine/tree.js';
export { paddedFrames } from '../features/padded-frames.js';
export type { Features } from '../features/reader.js';
export {
  type AdamSettings,
  type AdamState,
  type AdamUpdate,
  adamDefaults,
  adamStart,
  adamStep,
  clipScale,
  globalNorm,
} from '../nn/adam.js';
export { type ConvSettings, conv1d } from '../nn/conv1d.js';
export { ctcLoss } from '../nn/ctc.js';
export { detached, type Forward, withGradient } from '../nn/custom.js';
export { type DropoutKey, dropout, layerKept } from '../nn/dropout.js';
export { gelu } from '../nn/gelu.js';
export { type LossWithGradients, lossAndGradients } from '../nn/gradients.js';
export { type GroupNormSettings, groupNorm } from '../nn/group-norm.js';
export { layerSum } from '../nn/layer-sum.js';
export { linear, parameter } from '../nn/linear.js';
export { bidirectionalLstm, lstm } from '../nn/lstm.js';
export { layerNorm } from '../nn/norm.js';
export { ownOnly, ownSamples, ownSteps, windowCounts } from '../nn/own-steps.js';
