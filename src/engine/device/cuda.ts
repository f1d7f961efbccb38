/** @file A CUDA device: its runtime's functions (libcudart) for memory and copies. */

import { UserError } from '../../base/errors.js';
import { countOfDevices, hintOfDevices } from '../devices.js';
import type { Precision } from '../engine.js';
import { type Address, addressOf, type Foreign, foreign, type Pointer } from '../ort/foreign.js';
import { defaultMemory, deviceAllocator, openOrt } from '../ort/library.js';
import type { Accelerator } from './accelerator.js';
import { cudaLibraries } from './cuda-libraries.js';

export interface CudaSettings {
  /** Which of the devices. */
  readonly device: number;
  readonly precision: Precision;
  /** Bytes at most that the runtime takes for what programs make on their way. */
  readonly memory?: number | undefined;
}

/** `cudaMemcpyKind` */
const toDevice = 1;
const toHost = 2;

const defaultStream = null;

interface CudaRuntime {
  /** @throws Error naming the function and what CUDA says */
  call(name: keyof typeof functions, ...given: readonly unknown[]): void;
  callAsync(name: keyof typeof functions, ...given: readonly unknown[]): Promise<void>;
}

const functions = {
  cudaGetDeviceCount: ['_Out_ int *'],
  cudaSetDevice: ['int'],
  cudaMalloc: ['_Out_ void **', 'size_t'],
  cudaFree: ['void *'],
  cudaMemcpy: ['void *', 'void *', 'size_t', 'int'],
  cudaMemcpyAsync: ['void *', 'void *', 'size_t', 'int', 'void *'],
  cudaMemGetInfo: ['_Out_ size_t *', '_Out_ size_t *'],
  cudaDeviceSynchronize: [],
  cudaStreamSynchronize: ['void *'],
} as const;

function cudaRuntime(library: Foreign, file: string): CudaRuntime {
  const handle = library.load(file);
  const errorText = handle.func('cudaGetErrorString', 'const char *', ['int']);
  const all = Object.fromEntries(
    Object.entries(functions).map(([name, parameters]) => [name, handle.func(name, 'int', [...parameters])]),
  );
  const check = (name: string, code: number): void => {
    if (code !== 0) throw new Error(`${name}: ${errorText(code)}`);
  };
  return {
    call: (name, ...given) => check(name, all[name]?.(...given) as number),
    callAsync: (name, ...given) =>
      new Promise((resolve, reject) => {
        all[name]?.async(...given, (error: Error | null, code: number) => {
          try {
            if (error !== null) throw error;
            check(name, code);
            resolve();
          } catch (cause) {
            reject(cause);
          }
        });
      }),
  };
}

const devices = new Map<string, Accelerator>();

/**
 * A CUDA device; one for the process, whoever asks.
 * @throws UserError where the libraries or the device are missing
 */
export function cudaDevice(settings: CudaSettings): Accelerator {
  const key = JSON.stringify(settings);
  const known = devices.get(key) ?? openDevice(settings);
  devices.set(key, known);
  return known;
}

function openDevice({ device, precision, memory }: CudaSettings): Accelerator {
  const library = foreign();
  if (library === undefined)
    throw new UserError('CUDA devices need the package koffi, which cannot be loaded here', {
      hint: 'Install again with optional packages, or use --provider cpu',
    });
  const { onnxruntime, cudart } = cudaLibraries(library);
  const cuda = cudaRuntime(library, cudart);
  const found = [0];
  cuda.call('cudaGetDeviceCount', found);
  const [count] = found as [number];
  if (device >= count)
    throw new UserError(`unknown device ${device}, this machine has ${countOfDevices(count)}`, {
      hint: hintOfDevices(count),
    });
  cuda.call('cudaSetDevice', device);
  const ort = openOrt(library, onnxruntime);
  const provider = {
    device_id: String(device),
    use_tf32: precision === 'tf32' ? '1' : '0',
    // The same algorithm at every run, chosen without trying: so runs repeat to the bit.
    cudnn_conv_algo_search: 'HEURISTIC',
    cudnn_conv_use_max_workspace: '1',
    arena_extend_strategy: 'kSameAsRequested',
    ...(memory !== undefined && { gpu_mem_limit: String(memory) }),
  };
  return {
    library: ort,
    memoryInfo: ort.api.make('CreateMemoryInfo', 'Cuda', deviceAllocator, device, defaultMemory),
    records: true,
    sessionSettings: (recorded) => ({
      cuda: recorded ? { ...provider, enable_cuda_graph: '1' } : provider,
    }),
    allocate: (bytes) => {
      const made: Pointer[] = [null];
      cuda.call('cudaMalloc', made, Math.max(256, bytes));
      return made[0] as Address;
    },
    free: (address) => cuda.call('cudaFree', address),
    // Values in pageable memory are copied to a buffer of CUDA's own before the call returns; they may be on their way then.
    upload: (to, from) => {
      if (from.byteLength > 0)
        cuda.call('cudaMemcpyAsync', to, addressOf(library, from), from.byteLength, toDevice, defaultStream);
    },
    uploaded: () => cuda.call('cudaStreamSynchronize', defaultStream),
    download: (to, from) => {
      if (to.byteLength > 0) cuda.call('cudaMemcpy', addressOf(library, to), from, to.byteLength, toHost);
    },
    // Sessions have streams of their own. Another thread, where the waiting is done, has the first device for its own.
    synchronize: async () =>
      device === 0 ? cuda.callAsync('cudaDeviceSynchronize') : cuda.call('cudaDeviceSynchronize'),
    used: () => {
      const [free, total] = [[0], [0]];
      cuda.call('cudaMemGetInfo', free, total);
      return Number(total[0]) - Number(free[0]);
    },
  };
}
