/** @file What a plug-in is: the default export of a module that `--plugin` or the key `plugins` names. */
import type { EncoderFamily } from './encoder-family.js';
import type { HeadKind } from './head-kind.js';
import type { MaskingStrategy } from './masking-strategy.js';
import type { Task } from './task.js';

/** Raised whenever plug-ins made for it would not work any more. */
export const pluginApiVersion = 1;

/**
 * What a plug-in brings: `export default { apiVersion: 1, tasks: [...] } satisfies Plugin`. It brings one thing at least;
 * no name may be built in or another plug-in's.
 */
export interface Plugin {
  readonly apiVersion: typeof pluginApiVersion;
  readonly tasks?: readonly Task[];
  readonly heads?: readonly HeadKind[];
  /** Their presets are SPECs: `NAME` without parameters, else `random:NAME`. */
  readonly encoders?: readonly EncoderFamily[];
  readonly maskings?: readonly MaskingStrategy[];
}
