/** @file The compiling engine: traces a function, lowers it to ONNX, runs it with ONNX Runtime. */

import type { Accelerator } from './device/accelerator.js';
import { cudaDevice } from './device/cuda.js';
import { devicePool } from './device/pool.js';
import { createDevice, deviceRuntime } from './device/runtime.js';
import { webgpuDevice } from './device/webgpu.js';
import type { Engine, Precision, ProgramOptions, ProviderName } from './engine.js';
import { openGraphFile, openGraphOnDevice } from './graph-file.js';
import { createHolder, type Holder } from './held.js';
import { compiledProgram, type ProgramPlace } from './program.js';
import type { EngineRemark } from './remarks.js';
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
  /** For `cuda`: whether kernels that repeat to the bit go before others. */
  readonly deterministic?: boolean | undefined;
  /** Told of programs some of whose operators the device does not run. */
  readonly remark?: ((remark: EngineRemark) => void) | undefined;
}

/** @throws UserError where the device is not there, or its libraries are not */
export async function onnxEngine(settings: OnnxSettings): Promise<Engine> {
  const { provider, threads, precision = 'fp32', device = 0, deviceMemory: memory } = settings;
  const { deterministic = false } = settings;
  switch (provider) {
    case 'cuda':
      return engineOnDevice(cudaDevice({ device, precision, memory, deterministic }), settings);
    case 'webgpu':
      return engineOnDevice(await webgpuDevice(), settings);
    case 'cpu': {
      const openHere: Engine['open'] = (file) => openGraphFile(file, threads);
      const placeOf: PlaceOf = ({ concurrent }) => ({
        fuses: false,
        runtime: (concurrent ? threadsRuntime(threads) : undefined) ?? sessionRuntime(threads),
      });
      return { ...engineWith(createHolder(), settings, placeOf), open: openHere };
    }
  }
}

/** The same where all that is held lies on a device. */
export function engineOnDevice(accelerator: Accelerator, settings: OnnxSettings): Engine {
  const device = createDevice(accelerator, devicePool(accelerator));
  const runtime = deviceRuntime(device, settings);
  if (accelerator.withoutKernels !== undefined)
    settings.remark?.({ kind: 'without kernels', reason: accelerator.withoutKernels });
  const place = { runtime, fuses: accelerator.launch !== undefined };
  const engine = engineWith(createHolder(device), settings, () => place);
  const { deterministic } = settings;
  const open: Engine['open'] = (file) => openGraphOnDevice(accelerator, file, settings.threads);
  return { ...engine, open, device: accelerator.name, ...(deterministic && { deterministic }) };
}

type PlaceOf = (options: Pick<ProgramOptions, 'concurrent'>) => Omit<ProgramPlace, 'holder' | 'provider'>;

/** @param placeOf where a program runs */
function engineWith(holder: Holder, settings: OnnxSettings, placeOf: PlaceOf): Engine {
  const { provider, threads, precision = 'fp32' } = settings;
  return {
    name: 'onnx',
    provider,
    precision,
    threads,
    hold: (tree) => holder.hold(tree, 'what the host gave'),
    compile: (fn, options) => compiledProgram(fn, options, { holder, provider, ...placeOf(options) }),
  };
}
