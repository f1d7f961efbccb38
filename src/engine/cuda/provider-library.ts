/** @file ONNX Runtime's CUDA library wherever it may be: which version it is, and for which CUDA. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { namesIn } from '../../base/files.js';
import { neededBy } from '../../base/shared-object.js';
import { type CudaMajor, cudaMajors } from './driver.js';
import type { CudaProblem } from './problem.js';

export const providerFile = 'libonnxruntime_providers_cuda.so';
export const sharedFile = 'libonnxruntime_providers_shared.so';
/** ONNX Runtime itself, as onnxruntime-node names it. */
export const coreFile = 'libonnxruntime.so.1';

export interface ProviderLibrary {
  readonly folder: string;
  /** Undefined where the file does not say it. */
  readonly version: string | undefined;
  /** Undefined for a CUDA that is not supported. */
  readonly cuda: CudaMajor | undefined;
  /** Libraries that it is linked with: `libcudart.so.13`, ... */
  readonly needs: readonly string[];
}

/**
 * The library in a folder.
 * @param wanted the version that is looked for
 * @returns undefined where there is none; a problem where it cannot be used
 */
export function providerLibraryIn(folder: string, wanted: string): ProviderLibrary | CudaProblem | undefined {
  const file = join(folder, providerFile);
  if (!existsSync(file)) return undefined;
  const hint = `Run \`ehmam setup cuda\``;
  if (!existsSync(join(folder, sharedFile)))
    return { part: 'library', what: `${folder} has no ${sharedFile}`, hint };
  let needs: readonly string[];
  try {
    needs = neededBy(file);
  } catch {
    return { part: 'library', what: `${file} is truncated or damaged`, hint };
  }
  const version = versionOf(file, wanted);
  if (version !== wanted) {
    const found = version === undefined ? 'another version' : `version ${version}`;
    return { part: 'library', what: `${file} is ${found}, expected ${wanted}`, hint };
  }
  const cuda = cudaMajors.find((major) => needs.includes(`libcudart.so.${major}`));
  return { folder, version, cuda, needs };
}

/** The wanted version where the file names it, else that of the library beside it. */
function versionOf(file: string, wanted: string): string | undefined {
  if (namesText(file, wanted)) return wanted;
  const beside = namesIn(dirname(file)).map(
    (name) => /^libonnxruntime\.so\.(\d+\.\d+\.\d+)$/.exec(name)?.[1],
  );
  return beside.find((version) => version !== undefined && version !== wanted);
}

const chunkBytes = 1 << 24;

/** Whether a file contains a text as a constant of C: between two zero bytes. */
function namesText(file: string, text: string): boolean {
  const sought = Buffer.from(`\0${text}\0`);
  const handle = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(chunkBytes + sought.length);
    for (let position = 0; ; position += chunkBytes) {
      const bytes = readSync(handle, buffer, 0, buffer.length, position);
      if (buffer.subarray(0, bytes).includes(sought)) return true;
      if (bytes < buffer.length) return false;
    }
  } finally {
    closeSync(handle);
  }
}
