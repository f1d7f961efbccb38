/** @file What head kinds and encoder families are written in: tensors, layers with their parameters, the front end. */

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
export type { Tensor } from '../engine/ops.js';
export * as ops from '../engine/ops.js';
export type { Parameters } from '../engine/tree.js';
export { type ConvSettings, conv1d } from '../nn/conv1d.js';
export { type DropoutKey, dropout } from '../nn/dropout.js';
export { gelu } from '../nn/gelu.js';
export { type LossWithGradients, lossAndGradients } from '../nn/gradients.js';
export { layerSum } from '../nn/layer-sum.js';
export { linear, parameter } from '../nn/linear.js';
export { bidirectionalLstm } from '../nn/lstm.js';
export { layerNorm } from '../nn/norm.js';
