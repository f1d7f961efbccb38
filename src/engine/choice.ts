/** @file Which engine, and its settings, as a caller says them: loads none. */
import { UserError } from '../base/errors.js';
import type { EngineName, Precision, ProviderName } from './engine.js';
import type { EngineRemark } from './remarks.js';

export interface EngineSettings {
  /** For `onnx` and `tensorflow`: where programs run. Default `cpu`. */
  readonly provider?: ProviderName;
  /** For `onnx` and `tensorflow`: threads one operator may use. Default: the machine's processors. */
  readonly threads?: number;
  /** For `cuda`: how products are computed. Default `fp32`. */
  readonly precision?: Precision;
  /** For `cuda`: which of the visible devices, counted from 0. Default 0. */
  readonly device?: number;
  /** For `cuda`: bytes of the device's memory that may be used. Default: all. */
  readonly deviceMemory?: number;
  /** For `cuda`: whether kernels that repeat to the bit go before faster ones that do not. Default false. */
  readonly deterministic?: boolean;
}

/** What an engine is made with beside what a caller chooses. */
export interface EngineTools {
  /** Told of programs some of whose operators the device does not run. */
  readonly remark?: (remark: EngineRemark) => void;
}

/** An engine by name, and its settings. */
export interface EngineChoice extends EngineSettings {
  readonly name: EngineName;
}

/** @throws UserError for what only the engine `onnx` has, on CUDA devices */
export function checkDevice(choice: EngineChoice): void {
  const { name, provider = 'cpu', precision = 'fp32', deviceMemory, deterministic } = choice;
  if (name === 'onnx' && provider === 'cuda') return;
  const [needed, use] =
    provider === 'cuda' ? ['the engine onnx', '--engine onnx'] : ['a CUDA device', '--provider cuda'];
  if (precision !== 'fp32')
    throw new UserError(`${precision} needs ${needed}`, { hint: `Use ${use}, or --precision fp32` });
  if (deviceMemory !== undefined)
    throw new UserError(`a limit of device memory needs ${needed}`, { hint: `Use ${use}` });
  if (deterministic)
    throw new UserError(`a choice of deterministic kernels needs ${needed}`, { hint: `Use ${use}` });
}
