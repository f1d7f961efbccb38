/** @file Which engine, and its settings, as a caller says them: loads none. */
import { UserError } from '../base/errors.js';
import type { EngineName, Precision, ProviderName } from './engine.js';

export interface EngineSettings {
  /** For `onnx`: where programs run. Default `cpu`. */
  readonly provider?: ProviderName;
  /** For `onnx`: threads one operator may use. Default: the machine's processors. */
  readonly threads?: number;
  /** For `cuda`: how products are computed. Default `fp32`. */
  readonly precision?: Precision;
  /** For `cuda`: which of the visible devices, counted from 0. Default 0. */
  readonly device?: number;
  /** For `cuda`: bytes of the device's memory that may be used. Default: all. */
  readonly deviceMemory?: number;
}

/** An engine by name, and its settings. */
export interface EngineChoice extends EngineSettings {
  readonly name: EngineName;
}

/** @throws UserError for what only CUDA devices have */
export function checkDevice({ provider = 'cpu', precision = 'fp32', deviceMemory }: EngineSettings): void {
  if (provider === 'cuda') return;
  if (precision !== 'fp32')
    throw new UserError(`${precision} needs a CUDA device`, {
      hint: 'Use --provider cuda, or --precision fp32',
    });
  if (deviceMemory !== undefined)
    throw new UserError('a limit of device memory needs a CUDA device', { hint: 'Use --provider cuda' });
}
