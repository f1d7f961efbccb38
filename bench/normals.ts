/** @file Random values for the inputs of benchmarks. */
import { float32, type HostTensor, sizeOf } from '../src/base/host-tensor.js';
import type { RandomStream } from '../src/base/random.js';

/** The stream's next standard normal values, times `scale`. */
export const normals = (random: RandomStream, shape: readonly number[], scale = 1): HostTensor =>
  float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => scale * random.normal()),
  );
