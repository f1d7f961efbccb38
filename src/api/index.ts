/**
 * @file What plug-ins are written against: interfaces, data, metrics, errors. Types and pure functions; built-in tasks use
 * nothing else. `tensors.ts` has what works on tensors, `training.ts` what trains: head kinds and encoder families need
 * them, and they load a library.
 */

export { type ZodType, z } from 'zod';
export { messageOf, UserError, type UserErrorDetails } from '../base/errors.js';
export type { HostTensor } from '../base/host-tensor.js';
export { type RandomStream, randomStream } from '../base/random.js';
export { torchPermutation } from '../base/torch-permutation.js';
export { arpabetPhones } from '../data/arpabet.js';
export type { Cropper } from '../data/cropping.js';
export type { Pair } from '../data/pairs.js';
export type { Utterance } from '../data/rows.js';
export * from '../metrics/index.js';
export { classificationTask } from './classification-task.js';
export { ctcSteps } from './ctc-steps.js';
export type { EncoderFamily, EncoderInput, HubSource, HubWriting } from './encoder-family.js';
export type {
  CurvePoint,
  Ending,
  HeadKind,
  HeadResult,
  HeadWork,
  Keeping,
  LayerResult,
  Prediction,
  PredictionWork,
  TriedRate,
} from './head-kind.js';
export type {
  CtcSpec,
  DtwSpec,
  HeadSpec,
  PooledSpec,
  SpeakerActivitySpec,
  XVectorSpec,
} from './head-spec.js';
export {
  type MaskingNeed,
  type MaskingStrategy,
  type MaskRequest,
  type MaskSettings,
  maskDefaults,
} from './masking-strategy.js';
export { type Plugin, pluginApiVersion } from './plugin.js';
export { type PresetName, presetNames } from './presets.js';
export {
  type Columns,
  columnNames,
  type Fold,
  type JudgedColumns,
  type JudgedRow,
  type Split,
  splits,
  type Task,
  type TaskColumn,
  type TaskData,
  type TaskMetric,
  type TaskPairs,
} from './task.js';
