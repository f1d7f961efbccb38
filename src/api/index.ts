/**
 * @file The package's face: all that a task, a head kind, an encoder family, a masking strategy or a metric of one's own
 * is written against. Types and pure functions; built-in plug-ins use nothing else.
 */
export { messageOf, UserError } from '../base/errors.js';
export type { HostTensor } from '../base/host-tensor.js';
export { type RandomStream, randomStream } from '../base/random.js';
export type { Cropper } from '../data/cropping.js';
export type { Utterance } from '../data/rows.js';
export * from '../metrics/index.js';
export { classificationTask } from './classification-task.js';
export type { EncoderFamily } from './encoder-family.js';
export type {
  CurvePoint,
  Ending,
  HeadKind,
  HeadResult,
  HeadWork,
  Keeping,
  Prediction,
  TriedRate,
} from './head-kind.js';
export type { CtcSpec, HeadSpec, PooledSpec } from './head-spec.js';
export {
  type MaskingStrategy,
  type MaskRequest,
  type MaskSettings,
  maskDefaults,
} from './masking-strategy.js';
export { type PresetName, presetNames } from './presets.js';
export {
  type Columns,
  columnNames,
  type JudgedRow,
  type Split,
  splits,
  type Task,
  type TaskColumn,
  type TaskData,
  type TaskMetric,
} from './task.js';
