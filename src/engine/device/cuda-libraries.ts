/** @file Where ONNX Runtime with CUDA, and CUDA's runtime, are on this machine. */

import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import type { Foreign } from '../ort/foreign.js';
import { npmOrtFile } from '../ort/library.js';

export interface CudaLibraries {
  /** `libonnxruntime`, beside the libraries of its CUDA provider. */
  readonly onnxruntime: string;
  /** `libcudart`, as the system's loader finds it. */
  readonly cudart: string;
}

/**
 * Looks in the folder `EHMAM_ORT` and beside the library of `onnxruntime-node`.
 * @throws UserError naming what is missing
 */
export function cudaLibraries(library: Foreign): CudaLibraries {
  const npm = npmOrtFile();
  const folders = [process.env.EHMAM_ORT, npm && dirname(npm)].filter((folder) => folder !== undefined);
  for (const folder of folders) {
    if (!existsSync(join(folder, 'libonnxruntime_providers_cuda.so'))) continue;
    const file = readdirSync(folder).find((name) => /^libonnxruntime\.so(\.\d+)*$/.test(name));
    if (file !== undefined) return { onnxruntime: join(folder, file), cudart: findCudart(library) };
  }
  throw new UserError('ONNX Runtime for CUDA is not installed', { hint: 'Run `ehmam setup cuda`' });
}

/** @throws UserError where the loader finds none */
function findCudart(library: Foreign): string {
  for (const name of ['libcudart.so.13', 'libcudart.so.12']) {
    try {
      library.load(name);
      return name;
    } catch {}
  }
  throw new UserError("CUDA's runtime library (libcudart) is not installed", {
    hint: 'Run `ehmam setup cuda`',
  });
}
