/** @file What `ehmam setup cuda` says: what was found where, and what is missing. */
import { dirname } from 'node:path';
import { newestCuda } from '../../engine/cuda/driver.js';
import type { CudaSetupDone } from './cuda.js';

/** A line for each thing that was found, then one for each that is missing, with what to do. */
export function cudaReport(
  { version, library, brought, driver, preload, problems, packed }: CudaSetupDone,
  pack: string | undefined,
): string[] {
  const lines: string[] = [];
  if (library !== undefined)
    lines.push(
      `ONNX Runtime's CUDA library ${version} for CUDA ${library.cuda}: ${brought ?? 'was there already'} (${library.folder})`,
    );
  const newest = driver === undefined ? undefined : newestCuda(driver);
  if (driver !== undefined)
    lines.push(
      `NVIDIA driver: ${driver.version}${newest === undefined ? '' : `, for CUDA ${newest}${newest === 13 ? ' and 12' : ''}`}`,
    );
  const folders = [...new Set(preload.map((file) => dirname(file)))];
  if (folders.length > 0) lines.push(`CUDA and cuDNN: ${folders.join(', ')}`);
  if (packed !== undefined) lines.push(`packed: ${packed.length} files (${pack})`);
  for (const { part, what, hint } of problems) lines.push(`missing: ${part}: ${what}. ${hint}`);
  return lines;
}
