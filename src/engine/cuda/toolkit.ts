/** @file CUDA's libraries and cuDNN: where they are, which are missing, and the order in which they are loaded. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { namesIn } from '../../base/files.js';
import { neededBy } from '../../base/shared-object.js';
import { type CudaMajor, cudaMajors } from './driver.js';
import { type Machine, matching } from './machine.js';
import type { CudaProblem } from './problem.js';
import { nvidiaFolders } from './python.js';

const cudnn = 'libcudnn.so.9';
const driverLibrary = 'libcuda.so.1';

/** cuFFT is loaded where an operator asks for it: its number is not CUDA's. */
const cufft: Readonly<Record<CudaMajor, string>> = { 12: 'libcufft.so.11', 13: 'libcufft.so.12' };

export interface CudaFiles {
  /** Absolute paths in the order in which they can be loaded, each after those that it needs. */
  readonly preload: readonly string[];
  readonly problems: readonly CudaProblem[];
}

/** Folders that may have CUDA's libraries, in the order in which they are asked. */
export function cudaFolders(machine: Machine, sites: readonly string[], first: readonly string[]): string[] {
  const { LD_LIBRARY_PATH = '', CONDA_PREFIX, CUDA_HOME, CUDA_PATH } = machine.environment;
  const toolkits = [
    ...[CUDA_HOME, CUDA_PATH].filter((folder) => folder !== undefined && folder !== ''),
    ...matching(join(machine.root, 'usr/local'), 'cuda'),
    ...matching(join(machine.root, 'usr/local'), 'cuda-*'),
  ] as string[];
  const system = [
    'usr/lib/x86_64-linux-gnu',
    'usr/lib/aarch64-linux-gnu',
    'usr/lib64',
    'usr/local/nvidia/lib64',
    'usr/lib/wsl/lib',
  ];
  const folders = [
    ...first,
    ...LD_LIBRARY_PATH.split(':').filter((folder) => folder !== ''),
    ...sites.flatMap(nvidiaFolders),
    ...toolkits.flatMap((folder) => [join(folder, 'lib64'), ...matching(folder, 'targets/*/lib')]),
    ...(CONDA_PREFIX ? [join(CONDA_PREFIX, 'lib')] : []),
    ...loaderFolders(machine),
    ...system.map((folder) => join(machine.root, folder)),
  ];
  return [...new Set(folders)].filter((folder) => existsSync(folder));
}

/** Folders that the loader knows, by its cache. */
function loaderFolders(machine: Machine): string[] {
  const told = machine.run('ldconfig', ['-p']) ?? machine.run('/sbin/ldconfig', ['-p']) ?? '';
  return [...told.matchAll(/^\s*lib(?:cu|nv)\S+ .*=> (\/\S+)$/gm)].map(([, file]) => dirname(file as string));
}

/**
 * What a provider library needs.
 * @param needs names of the libraries that it is linked with
 * @param packages how a Python environment gets what is missing
 */
export function cudaFiles(
  folders: readonly string[],
  { needs, cuda }: { readonly needs: readonly string[]; readonly cuda: CudaMajor },
  packages: string,
): CudaFiles {
  const find = (name: string): string | undefined =>
    folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  const toolkit = [...needs.filter((name) => /^lib(cu|nv)/.test(name)), `libnvrtc.so.${cuda}`].filter(
    (name) => name !== driverLibrary && name !== cudnn,
  );
  const missing = toolkit.filter((name) => find(name) === undefined);
  const problems: CudaProblem[] = [];
  const other = cudaMajors.find((major) => major !== cuda && find(`libcudart.so.${major}`) !== undefined);
  if (missing.length > 0)
    problems.push({
      part: 'toolkit',
      what: `CUDA ${cuda} is incomplete: ${missing.join(', ')} not found`,
      hint:
        other === undefined
          ? `Install the CUDA ${cuda} toolkit, or ${packages}`
          : `CUDA ${other} is installed: run \`ehmam setup cuda --cuda ${other}\`, or install the CUDA ${cuda} toolkit`,
    });
  const dnn = find(cudnn);
  const builtFor = dnn === undefined ? undefined : cudnnBuild(dnn);
  if (dnn === undefined)
    problems.push({
      part: 'cuDNN',
      what: `cuDNN 9 is not installed: ${cudnn} not found`,
      hint: `Install cuDNN 9 for CUDA ${cuda}, or ${packages}`,
    });
  else if (builtFor !== undefined && builtFor !== cuda)
    problems.push({
      part: 'cuDNN',
      what: `cuDNN in ${dirname(dnn)} is for CUDA ${builtFor}, expected CUDA ${cuda}`,
      hint: `Install nvidia-cudnn-cu${cuda} in its place`,
    });
  const found = [...toolkit, cufft[cuda], cudnn].flatMap((name) => find(name) ?? []);
  return { preload: inLoadOrder(found, find), problems };
}

/** The CUDA that cuDNN of a Python package was built for, by the package's name. */
function cudnnBuild(file: string): number | undefined {
  const site = dirname(dirname(dirname(dirname(file))));
  const packages = namesIn(site).flatMap(
    (name) => /^nvidia_cudnn_cu(\d+)-.*\.dist-info$/.exec(name)?.[1] ?? [],
  );
  return packages.length === 1 ? Number(packages[0]) : undefined;
}

/** Each file after those that it needs and that are found as well. */
function inLoadOrder(files: readonly string[], find: (name: string) => string | undefined): string[] {
  const ordered: string[] = [];
  const begun = new Set<string>();
  const visit = (file: string): void => {
    if (begun.has(file)) return;
    begun.add(file);
    for (const name of needsOf(file)) {
      // Libraries of the system and the driver are the loader's affair.
      const needed = /^lib(cu|nv)/.test(name) && name !== driverLibrary ? find(name) : undefined;
      if (needed !== undefined) visit(needed);
    }
    ordered.push(file);
  };
  files.forEach(visit);
  return ordered;
}

function needsOf(file: string): readonly string[] {
  try {
    return neededBy(file);
  } catch {
    // A damaged one fails when it is loaded, by its name.
    return [];
  }
}

/** Whether the driver's own library can be found: a container may see the driver without it. */
export function hasDriverLibrary(folders: readonly string[]): boolean {
  return folders.some((folder) => existsSync(join(folder, driverLibrary)));
}
