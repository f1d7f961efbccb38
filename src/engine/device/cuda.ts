/** @file A CUDA device: its memory, copies, and the options with which ONNX Runtime runs on it. */
import { join } from 'node:path';
import { messageOf, UserError } from '../../base/errors.js';
import { installedDriver } from '../cuda/driver.js';
import { coreFile } from '../cuda/provider-library.js';
import { cudaLibraries } from '../cuda-libraries.js';
import { countOfDevices, hintOfDevices } from '../devices.js';
import type { Precision } from '../engine.js';
import { cudaLaunch } from '../fused/on-cuda.js';
import { expectRightKernels } from '../fused/self-test.js';
import { type Address, addressOf, expectForeign, type Foreign, type Pointer } from '../ort/foreign.js';
import { defaultMemory, deviceAllocator, openOrt } from '../ort/library.js';
import type { Accelerator } from './accelerator.js';
import { loadCuda, nameOfDevice } from './cuda-runtime.js';

export interface CudaSettings {
  /** Which of the devices. */
  readonly device: number;
  readonly precision: Precision;
  /** Bytes at most that the runtime takes for what programs make on their way. */
  readonly memory?: number | undefined;
  /** Whether kernels that repeat to the bit go before others. */
  readonly deterministic: boolean;
}

/** `cudaMemcpyKind` */
const toDevice = 1;
const toHost = 2;

const defaultStream = null;

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

function openDevice({ device, precision, memory, deterministic }: CudaSettings): Accelerator {
  const library = expectForeign('CUDA devices need');
  const { onnxruntime, preload } = cudaLibraries();
  // NVIDIA's condition for products that repeat; cuBLAS reads it when it is first used.
  if (deterministic) process.env.CUBLAS_WORKSPACE_CONFIG ??= ':4096:8';
  const cuda = loadCuda(library, preload);
  const found = [0];
  cuda.call('cudaGetDeviceCount', found);
  const [count] = found as [number];
  if (device >= count)
    throw new UserError(`unknown device ${device}, this machine has ${countOfDevices(count)}`, {
      hint: hintOfDevices(count),
    });
  cuda.call('cudaSetDevice', device);
  const ort = openOrt(library, join(onnxruntime, coreFile));
  const provider = {
    device_id: String(device),
    use_tf32: precision === 'tf32' ? '1' : '0',
    // The same algorithm at every run, chosen without trying.
    cudnn_conv_algo_search: 'HEURISTIC',
    cudnn_conv_use_max_workspace: '1',
    arena_extend_strategy: 'kSameAsRequested',
    ...(memory !== undefined && { gpu_mem_limit: String(memory) }),
  };
  const driver = installedDriver();
  return withKernels(library, {
    library: ort,
    name: [nameOfDevice(library, device) ?? 'a CUDA device', driver && `driver ${driver.version}`]
      .filter((text) => text !== undefined)
      .join(', '),
    executionProvider: 'CUDAExecutionProvider',
    memoryInfo: ort.api.make('CreateMemoryInfo', 'Cuda', deviceAllocator, device, defaultMemory),
    records: true,
    sessionSettings: (recorded) => ({
      device: { name: 'cuda', options: recorded ? { ...provider, enable_cuda_graph: '1' } : provider },
      deterministic,
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
  });
}

/** The device with our own kernels, where they run there and compute as the host. */
function withKernels(library: Foreign, accelerator: Accelerator): Accelerator {
  try {
    const withThem = { ...accelerator, launch: cudaLaunch(library) };
    expectRightKernels(withThem);
    return withThem;
  } catch (error) {
    return { ...accelerator, withoutKernels: messageOf(error) };
  }
}
