/** @file Makes an engine by name. */
import { availableParallelism } from 'node:os';
import { UserError } from '../base/errors.js';
import { eagerEngine } from './eager.js';
import type { Engine, EngineName, Precision, ProviderName } from './engine.js';
import { onnxEngine } from './onnx.js';
import * as tf from './ops.js';
import { loadTensorflow } from './tensorflow-library.js';

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

/**
 * Makes an engine ready to run.
 * @throws UserError when its library is not installed or does not start
 */
export async function createEngine(name: EngineName, settings: EngineSettings = {}): Promise<Engine> {
  checkDevice(name === 'onnx' ? settings : { ...settings, provider: 'cpu' });
  switch (name) {
    case 'onnx':
      return onnxEngine({
        provider: settings.provider ?? 'cpu',
        threads: settings.threads ?? availableParallelism(),
        precision: settings.precision,
        device: settings.device,
        deviceMemory: settings.deviceMemory,
      });
    case 'wasm':
      await import('./wasm.js');
      return eagerOn(name, 'wasm');
    case 'cpu':
      return eagerOn(name, 'cpu');
    case 'tensorflow':
      loadTensorflow();
      return eagerOn(name, 'tensorflow');
  }
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

async function eagerOn(name: EngineName, backend: string): Promise<Engine> {
  const before = tf.getBackend();
  if (!(await tf.setBackend(backend))) throw new UserError(`the engine ${name} cannot start on this machine`);
  if (before) await tf.setBackend(before);
  return eagerEngine(name, backend);
}
