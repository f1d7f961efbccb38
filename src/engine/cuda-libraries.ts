/**
 * @file The libraries that the provider `cuda` loads: what `ehmam setup cuda` noted down, else what a search finds now.
 *
 * ONNX Runtime looks for its CUDA library beside itself, and the loader looks for what that needs among what is loaded
 * already: `preload` in its order, with its symbols for all (RTLD_GLOBAL), stands in for LD_LIBRARY_PATH.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { userCacheFolder, writeFileAtomic } from '../base/files.js';
import { runtimeVersions } from '../base/versions.js';
import { driverProblem, installedDriver } from './cuda/driver.js';
import { type Machine, thisMachine } from './cuda/machine.js';
import { noteFile } from './cuda/places.js';
import { type CudaProblem, cudaError } from './cuda/problem.js';
import { coreFile, providerFile, sharedFile } from './cuda/provider-library.js';
import { type CudaSearch, searchCuda } from './cuda/search.js';

const noteSchema = z.object({
  /** Of ONNX Runtime. */
  version: z.string(),
  cuda: z.union([z.literal(12), z.literal(13)]),
  /** A folder with `libonnxruntime.so.1`, its CUDA library and what the two share. */
  onnxruntime: z.string(),
  /** CUDA's libraries and cuDNN, absolute paths, each after those that it needs. */
  preload: z.array(z.string()),
});

export type CudaLibraries = Readonly<z.infer<typeof noteSchema>>;

/**
 * What to load for the provider `cuda`.
 * @throws UserError (exit code 1), a line for each of driver, library, toolkit and cuDNN that is missing or does not fit
 */
export function cudaLibraries(machine: Machine = thisMachine): CudaLibraries {
  const version = runtimeVersions().onnxruntime;
  const noted = machine.environment.EHMAM_ORT ? undefined : readNote(version);
  if (noted !== undefined) {
    const problem = driverProblem(installedDriver(machine), noted.cuda);
    if (problem !== undefined) throw cudaError([problem]);
    return noted;
  }
  return librariesOf(searchCuda({ version }, machine), machine);
}

/** What is missing for the provider `cuda` on this machine; none where all is there. */
export function cudaProblems(machine: Machine = thisMachine): readonly CudaProblem[] {
  return searchCuda({}, machine).problems;
}

/**
 * What a search found, ready to be loaded.
 * @throws UserError as `cudaLibraries`
 */
export function librariesOf(search: CudaSearch, machine: Machine = thisMachine): CudaLibraries {
  const { library, problems, preload, version } = search;
  if (library === undefined || problems.length > 0) throw cudaError(problems);
  return {
    ...{ version, cuda: library.cuda, preload: [...preload] },
    onnxruntime: withCore(library.folder, version, machine),
  };
}

/** Writes down what was found, for every later run. */
export async function noteLibraries(libraries: CudaLibraries): Promise<string> {
  const file = noteFile(libraries.version);
  await writeFileAtomic(file, `${JSON.stringify(libraries, null, 2)}\n`);
  return file;
}

/** What was written down for a version, if all of it is still there. */
export function readNote(version: string): CudaLibraries | undefined {
  const file = noteFile(version);
  if (!existsSync(file)) return undefined;
  try {
    const noted = noteSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    const files = [
      ...[coreFile, providerFile, sharedFile].map((name) => join(noted.onnxruntime, name)),
      ...noted.preload,
    ];
    return noted.version === version && files.every((each) => existsSync(each)) ? noted : undefined;
  } catch {
    // Another program's, or half of one: the search finds what is there.
    return undefined;
  }
}

/**
 * A folder that has ONNX Runtime itself beside the library: a copy, since one file opened by two names would be one library
 * that looks for its providers where it was opened first.
 */
function withCore(folder: string, version: string, { onnxruntime: node }: Machine): string {
  if (existsSync(join(folder, coreFile))) return folder;
  if (node === undefined) throw new Error('onnxruntime-node has no libraries for this machine');
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  const whole = join(userCacheFolder(), 'libraries', `onnxruntime-cuda-${version}-${name}`);
  if (existsSync(join(whole, providerFile))) return whole;
  // What another process makes meanwhile is the same.
  const unfinished = `${whole}-unfinished-${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  copyFileSync(join(node, coreFile), join(unfinished, coreFile));
  for (const file of [providerFile, sharedFile]) symlinkSync(join(folder, file), join(unfinished, file));
  rmSync(whole, { recursive: true, force: true });
  try {
    renameSync(unfinished, whole);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(join(whole, providerFile))) throw error;
  }
  return whole;
}
