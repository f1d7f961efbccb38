/** @file CUDA's own libraries: loaded before ONNX Runtime asks for them, and their functions that we call. */
import { basename } from 'node:path';
import { messageOf, UserError } from '../../base/errors.js';
import type { Foreign } from '../ort/foreign.js';

/** Functions of `libcudart` that answer with a code, 0 for success. */
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

export interface CudaRuntime {
  /** @throws Error naming the function and what CUDA says */
  call(name: keyof typeof functions, ...given: readonly unknown[]): void;
  callAsync(name: keyof typeof functions, ...given: readonly unknown[]): Promise<void>;
}

type Library = ReturnType<Foreign['load']>;

/** koffi closes a library whose handle is collected. */
const kept: Library[] = [];

/**
 * Loads libraries with their symbols for all, so that the ones that need them find them wherever they lie.
 * @param files absolute paths, each after those that it needs; `libcudart` among them
 * @returns the functions of `libcudart`
 * @throws UserError naming a library that cannot be loaded
 */
export function loadCuda(foreign: Foreign, files: readonly string[]): CudaRuntime {
  let cudart: Library | undefined;
  for (const file of files) {
    const library = loadForAll(foreign, file);
    if (/^libcudart\.so/.test(basename(file))) cudart = library;
  }
  if (cudart === undefined) throw new Error('libcudart is not among the libraries');
  return cudaRuntime(cudart);
}

function loadForAll(foreign: Foreign, file: string): Library {
  try {
    const library = foreign.load(file, { global: true });
    kept.push(library);
    return library;
  } catch (cause) {
    throw new UserError(`cannot be loaded (${messageOf(cause)})`, {
      exitCode: 1,
      file,
      hint: 'Run `ehmam setup cuda`',
      cause,
    });
  }
}

function cudaRuntime(cudart: Library): CudaRuntime {
  const errorText = cudart.func('cudaGetErrorString', 'const char *', ['int']);
  const all = Object.fromEntries(
    Object.entries(functions).map(([name, parameters]) => [name, cudart.func(name, 'int', [...parameters])]),
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

/**
 * The driver's own library.
 * @throws Error where there is none
 */
export function cudaDriver(foreign: Foreign): Library {
  const driver = foreign.load('libcuda.so.1');
  kept.push(driver);
  return driver;
}

/** What the driver calls a device; undefined where it does not say. */
export function nameOfDevice(foreign: Foreign, device: number): string | undefined {
  try {
    const driver = cudaDriver(foreign);
    const handle = [0];
    if (driver.func('cuDeviceGet', 'int', ['_Out_ int *', 'int'])(handle, device) !== 0) return undefined;
    const name = Buffer.alloc(256);
    const call = driver.func('cuDeviceGetName', 'int', ['void *', 'int', 'int']);
    if (call(name, name.length, handle[0]) !== 0) return undefined;
    return name.toString('latin1', 0, name.indexOf(0));
  } catch {
    // It is for messages and for the key of what is remembered of a device: nothing hangs on it.
    return undefined;
  }
}
