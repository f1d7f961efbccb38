/** @file CUDA's libraries in the order of their needs, with their symbols for all; a made-up loader stands for the system's. */
import { expect, it } from 'vitest';
import type { Foreign } from '../ort/foreign.js';
import { loadCuda, nameOfDevice } from './cuda-runtime.js';

type Function = (...given: never[]) => unknown;

/** A loader of libraries that have these functions. */
function loader(libraries: Readonly<Record<string, Readonly<Record<string, Function>>>>) {
  const loaded: [string, unknown][] = [];
  const load = (file: string, options?: unknown) => {
    loaded.push([file, options]);
    const functions = libraries[file];
    if (functions === undefined) throw new Error(`${file}: invalid ELF header`);
    return { func: (name: string) => functions[name] ?? (() => 0) };
  };
  return { foreign: { load } as unknown as Foreign, loaded };
}

const cudart = {
  cudaGetDeviceCount: (found: number[]) => {
    found[0] = 2;
    return 0;
  },
  cudaSetDevice: () => 35,
  cudaGetErrorString: () => 'driver version is insufficient',
};

it('libraries are loaded in their order, for all that comes later, and libcudart answers', () => {
  const files = ['/a/libcublasLt.so.13', '/b/libcudart.so.13', '/c/libcudnn.so.9'];
  const { foreign, loaded } = loader({
    '/a/libcublasLt.so.13': {},
    '/b/libcudart.so.13': cudart,
    '/c/libcudnn.so.9': {},
  });
  const cuda = loadCuda(foreign, files);
  expect(loaded).toEqual(files.map((file) => [file, { global: true }]));
  const found = [0];
  cuda.call('cudaGetDeviceCount', found);
  expect(found).toEqual([2]);
  expect(() => cuda.call('cudaSetDevice', 0)).toThrow('cudaSetDevice: driver version is insufficient');
});

it('a library that cannot be loaded is named with the mend', () => {
  const { foreign } = loader({});
  expect(() => loadCuda(foreign, ['/c/libcudnn.so.9'])).toThrow(
    '/c/libcudnn.so.9: cannot be loaded (/c/libcudnn.so.9: invalid ELF header). Run `ehmam setup cuda`',
  );
});

it('a device has the name that the driver gives it, or none', () => {
  const driver = {
    cuDeviceGetName: (name: Buffer) => {
      name.write('NVIDIA H100 80GB HBM3\0');
      return 0;
    },
  };
  expect(nameOfDevice(loader({ 'libcuda.so.1': driver }).foreign, 0)).toBe('NVIDIA H100 80GB HBM3');
  expect(nameOfDevice(loader({ 'libcuda.so.1': { cuDeviceGet: () => 100 } }).foreign, 0)).toBeUndefined();
  expect(nameOfDevice(loader({}).foreign, 0)).toBeUndefined();
});
