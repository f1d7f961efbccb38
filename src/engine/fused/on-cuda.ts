/** @file Our kernels on a CUDA device: its driver translates their PTX and starts them (CUDA driver API). */
import type { Accelerator } from '../device/accelerator.js';
import { cudaDriver } from '../device/cuda-runtime.js';
import { type Address, addressOf, type Foreign } from '../ort/foreign.js';
import { kernels } from './kernels.js';
import { kernelNames } from './launches.js';

/** `THREADS` of kernels.cu */
const threads = 256;

const none = null;

/**
 * Loads the kernels into the context that is current.
 * @throws Error naming the driver's function that failed, and its code
 */
export function cudaLaunch(foreign: Foreign): NonNullable<Accelerator['launch']> {
  const driver = cudaDriver(foreign);
  const checked = (name: string, parameters: readonly string[]): ((...given: readonly unknown[]) => void) => {
    const call = driver.func(name, 'int', [...parameters]);
    return (...given) => {
      const code: unknown = call(...given);
      if (code !== 0) throw new Error(`${name} answered with the code ${code}`);
    };
  };
  const made = (call: (...given: readonly unknown[]) => void, ...given: readonly unknown[]): Address => {
    const place: (Address | null)[] = [null];
    call(place, ...given);
    return place[0] as Address;
  };
  const module = made(checked('cuModuleLoadData', ['_Out_ void **', 'const char *']), kernels);
  const find = checked('cuModuleGetFunction', ['_Out_ void **', 'void *', 'const char *']);
  const functions = new Map(kernelNames.map((name) => [name, made(find, module, name)]));
  const start = checked('cuLaunchKernel', [
    'void *',
    ...Array.from({ length: 7 }, () => 'unsigned int'),
    ...Array.from({ length: 3 }, () => 'void *'),
  ]);
  const argument = new BigUint64Array(1);
  const all = BigUint64Array.of(addressOf(foreign, argument));
  return (kernel, table, { rows, blocks }) => {
    argument[0] = table;
    start(functions.get(kernel), blocks, rows, 1, threads, 1, 1, 0, none, addressOf(foreign, all), none);
  };
}
