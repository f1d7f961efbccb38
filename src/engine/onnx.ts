/** @file The compiling engine: traces a function, lowers it to ONNX, runs it with ONNX Runtime. */

import type { Accelerator } from './device/accelerator.js';
import { cudaDevice } from './device/cuda.js';
import { devicePool } from './device/pool.js';
import { createDevice, deviceRuntime } from './device/runtime.js';
import type { Engine, Precision, ProviderName } from './engine.js';
import { openGraphFile } from './graph-file.js';
import { createHolder } from './held.js';
import { compiledProgram } from './program.js';
import { sessionRuntime, threadsRuntime } from './runtime.js';

export interface OnnxSettings {
  readonly provider: ProviderName;
  /** Threads one operator may use. */
  readonly threads: number;
  readonly precision?: Precision | undefined;
  /** For `cuda`: which of the devices. */
  readonly device?: number | undefined;
  /** For `cuda`: bytes of the device's memory that programs may use for what they make on their way. */
  readonly deviceMemory?: number | undefined;
}

/** @throws UserError where the device is not there, or its libraries are not */
export function onnxEngine(settings: OnnxSettings): Engine {
  const { provider, threads, precision = 'fp32' } = settings;
  if (provider === 'cuda')
    return engineOnDevice(
      cudaDevice({ device: settings.device ?? 0, precision, memory: settings.deviceMemory }),
      settings,
    );
  const holder = createHolder();
  return {
    name: 'onnx',
    provider,
    precision,
    threads,
    hold: (tree) => holder.hold(tree, 'what the host gave'),
    compile: (fn, options) => {
      const sideBySide = options.concurrent && provider === 'cpu' ? threadsRuntime(threads) : undefined;
      return compiledProgram(fn, options, {
        holder,
        runtime: sideBySide ?? sessionRuntime(settings),
        sendsInputs: provider !== 'cpu',
      });
    },
    open: (file) => openGraphFile(file, settings),
  };
}

/** The same where all that is held lies on a device. */
export function engineOnDevice(accelerator: Accelerator, settings: OnnxSettings): Engine {
  const { provider, threads, precision = 'fp32' } = settings;
  const device = createDevice(accelerator, devicePool(accelerator));
  const holder = createHolder(device);
  const runtime = deviceRuntime(device, { threads });
  return {
    name: 'onnx',
    provider,
    precision,
    threads,
    hold: (tree) => holder.hold(tree, 'what the host gave'),
    compile: (fn, options) => compiledProgram(fn, options, { holder, runtime, sendsInputs: false }),
    open: (file) => openGraphFile(file, settings),
  };
}
