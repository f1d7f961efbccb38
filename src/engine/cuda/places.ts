/** @file Where `ehmam setup cuda` puts ONNX Runtime's CUDA library, and where it notes down what it found. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { userCacheFolder } from '../../base/files.js';
import { type CudaMajor, cudaMajors } from './driver.js';

/** The folder of a library that was downloaded or brought. */
export function installedFolder(version: string, cuda: CudaMajor): string {
  return join(userCacheFolder(), 'libraries', `onnxruntime-cuda${cuda}-${version}`);
}

/** Those that are there. */
export function installedFolders(version: string): string[] {
  return cudaMajors.map((cuda) => installedFolder(version, cuda)).filter((folder) => existsSync(folder));
}

/** The file that tells what was found for a version of ONNX Runtime. */
export function noteFile(version: string): string {
  return join(userCacheFolder(), 'libraries', `cuda-${version}.json`);
}
