/** @file Looks for all that CUDA needs on a machine, and says what is missing. */
import { join } from 'node:path';
import { notInstalled, runtimeVersions } from '../../base/versions.js';
import { type CudaMajor, type Driver, driverProblem, installedDriver } from './driver.js';
import { type Machine, thisMachine } from './machine.js';
import { installedFolders } from './places.js';
import type { CudaProblem } from './problem.js';
import { type ProviderLibrary, providerLibraryIn } from './provider-library.js';
import { onnxruntimeFolder, sitePackages } from './python.js';
import { cudaFiles, cudaFolders, hasDriverLibrary } from './toolkit.js';

export interface SearchOptions {
  /** A Python interpreter whose packages are asked; default: those of the active environments. */
  readonly python?: string | undefined;
  /** A CUDA that the library must be for; default: any. */
  readonly cuda?: CudaMajor | undefined;
  /** The version of ONNX Runtime; default: that of onnxruntime-node. */
  readonly version?: string;
}

export interface CudaSearch {
  /** The version of ONNX Runtime that is looked for. */
  readonly version: string;
  readonly driver: Driver | undefined;
  /** The library that fits best; undefined where none fits. */
  readonly library: (ProviderLibrary & { readonly cuda: CudaMajor }) | undefined;
  /** CUDA's libraries and cuDNN in the order in which they can be loaded. */
  readonly preload: readonly string[];
  /** What is missing; none where all is there. */
  readonly problems: readonly CudaProblem[];
}

/**
 * Looks for the CUDA library of ONNX Runtime in EHMAM_ORT, in the cache folder, beside onnxruntime-node and in Python
 * environments, and for what it needs there, in LD_LIBRARY_PATH, in toolkits and where the loader looks.
 * @throws UserError for an interpreter that does not run
 */
export function searchCuda(options: SearchOptions = {}, machine: Machine = thisMachine): CudaSearch {
  const { version = runtimeVersions().onnxruntime } = options;
  const sites = sitePackages(machine, options.python);
  const driver = installedDriver(machine);
  const named = machine.environment.EHMAM_ORT;
  const places = [
    ...(named ? [named] : []),
    ...installedFolders(version),
    machine.onnxruntime,
    ...sites.map(onnxruntimeFolder),
  ].filter((folder) => folder !== undefined);
  const unusable: CudaProblem[] = [];
  const found: CudaSearch[] = [];
  for (const folder of places) {
    const library = providerLibraryIn(folder, version);
    if (library === undefined) {
      if (folder === named) unusable.push(absentIn(folder));
    } else if ('part' in library) unusable.push(library);
    else if (isFor(library, options.cuda))
      found.push(withWhatItNeeds(library, { version, driver, sites, machine }));
  }
  const [best] = found.sort((a, b) => a.problems.length - b.problems.length);
  if (best !== undefined) return best;
  const cuda = options.cuda ?? 13;
  const [problem = absent(version)] = unusable;
  const ofDriver = driver === undefined ? driverProblem(driver, cuda) : undefined;
  return {
    ...{ version, driver, library: undefined, preload: [] },
    problems: ofDriver === undefined ? [problem] : [ofDriver, problem],
  };
}

const isFor = (
  library: ProviderLibrary,
  cuda: CudaMajor | undefined,
): library is ProviderLibrary & { readonly cuda: CudaMajor } =>
  library.cuda !== undefined && (cuda === undefined || library.cuda === cuda);

const absent = (version: string): CudaProblem =>
  version === notInstalled
    ? { part: 'library', what: 'ONNX Runtime is not installed', hint: 'Run `ehmam setup onnx` first' }
    : {
        part: 'library',
        what: `ONNX Runtime's CUDA library ${version} is not installed`,
        hint: 'Run `ehmam setup cuda`',
      };

const absentIn = (folder: string): CudaProblem => ({
  part: 'library',
  what: `EHMAM_ORT: ${folder} has no libonnxruntime_providers_cuda.so`,
  hint: 'Name the folder that has it, or unset EHMAM_ORT',
});

function withWhatItNeeds(
  library: ProviderLibrary & { readonly cuda: CudaMajor },
  {
    version,
    driver,
    sites,
    machine,
  }: Pick<CudaSearch, 'version' | 'driver'> & {
    readonly sites: readonly string[];
    readonly machine: Machine;
  },
): CudaSearch {
  const folders = cudaFolders(machine, sites, [library.folder, join(library.folder, 'cuda')]);
  const { preload, problems } = cudaFiles(folders, library, packagesFor(library.cuda, version));
  const ofDriver =
    driverProblem(driver, library.cuda) ??
    (hasDriverLibrary(folders)
      ? undefined
      : ({
          part: 'driver',
          what: 'libcuda.so.1 of the NVIDIA driver is not found',
          hint: 'Give the container its GPU (--gpus all, --nv), or add its folder to LD_LIBRARY_PATH',
        } as const));
  return { version, driver, library, preload, problems: [...(ofDriver ? [ofDriver] : []), ...problems] };
}

/** How a Python environment gets what a library needs: NVIDIA's packages for CUDA 13 have no number in their names. */
export function packagesFor(cuda: CudaMajor, version: string): string {
  const names =
    cuda === 13
      ? `"onnxruntime-gpu[cuda,cudnn]==${version}"`
      : ['cuda-runtime', 'cublas', 'curand', 'cufft', 'cuda-nvrtc', 'cudnn']
          .map((name) => `nvidia-${name}-cu12`)
          .join(' ');
  return `run \`python -m pip install ${names}\` and \`ehmam setup cuda --python python\``;
}
