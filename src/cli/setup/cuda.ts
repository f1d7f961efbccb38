/** @file `ehmam setup cuda`: finds ONNX Runtime's CUDA library or brings it, and says what else is missing. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { libraryFolder } from '../../base/native-library.js';
import type { FetchOptions } from '../../download/http.js';
import { type CudaMajor, newestCuda } from '../../engine/cuda/driver.js';
import { type Machine, thisMachine } from '../../engine/cuda/machine.js';
import { type CudaSearch, searchCuda } from '../../engine/cuda/search.js';
import { installFolder, installWheel, writePack } from './cuda-folder.js';
import { fetchWheel, findWheel } from './wheel.js';

export interface CudaSetup {
  /** A Python interpreter whose packages are asked. */
  readonly python?: string | undefined;
  /** The CUDA that the library is for; default: the newest that the driver runs. */
  readonly cuda?: CudaMajor | undefined;
  /** A folder that has the library: nothing is downloaded. */
  readonly offline?: string | undefined;
  /** A folder to be written, for machines without a network. */
  readonly pack?: string | undefined;
}

export interface CudaSetupDone extends CudaSearch {
  /** How the library came: undefined where it was there. */
  readonly brought: 'downloaded' | 'copied' | undefined;
  /** Names of the files of the pack, where one was written. */
  readonly packed: readonly string[] | undefined;
}

export interface CudaSetupIo {
  readonly say: (text: string) => void;
  /** Has onnxruntime-node's own script download its library, for CUDA 12. */
  readonly runScript: () => Promise<void>;
  readonly machine?: Machine;
  readonly download?: Partial<FetchOptions>;
  readonly system?: { readonly platform: string; readonly arch: string };
}

/**
 * Finds the library, and brings it where it is nowhere or does not fit the driver: PyPI's wheel for CUDA 13, npm's script for 12.
 * @throws UserError for a machine that it does not exist for, and where it cannot be had
 */
export async function setUpCuda(options: CudaSetup, io: CudaSetupIo): Promise<CudaSetupDone> {
  const { machine = thisMachine, system = process } = io;
  if (system.platform !== 'linux' || !['x64', 'arm64'].includes(system.arch))
    throw new UserError(
      `the CUDA libraries exist for Linux on x64 and arm64 only; this is ${system.platform} on ${system.arch}`,
      { hint: 'Use --engine onnx --provider cpu, or webgpu' },
    );
  const { python, cuda } = options;
  const search = (): CudaSearch => searchCuda({ python, cuda }, machine);
  let found = search();
  let brought: CudaSetupDone['brought'];
  const fitting = found.driver === undefined ? undefined : newestCuda(found.driver);
  const isTooNew =
    cuda === undefined &&
    found.library !== undefined &&
    fitting !== undefined &&
    fitting < found.library.cuda;
  if (options.offline !== undefined) {
    await installFolder(found.version, options.offline, machine.onnxruntime);
    brought = 'copied';
  } else if (found.library === undefined || isTooNew) {
    await bring(cuda ?? fitting ?? 13, found.version, io);
    brought = 'downloaded';
  }
  if (brought !== undefined) found = search();
  const packed =
    options.pack === undefined || found.library === undefined
      ? undefined
      : await writePack(found, options.pack);
  return { ...found, brought, packed };
}

async function bring(cuda: CudaMajor, version: string, io: CudaSetupIo): Promise<void> {
  if (cuda === 12) {
    if ((io.system ?? process).arch !== 'x64')
      throw new UserError('the library for CUDA 12 exists for x64 only', {
        hint: 'Update the driver to 580 or newer, for CUDA 13',
      });
    io.say('setup: the library for CUDA 12, by the script of onnxruntime-node');
    return io.runScript();
  }
  const wheel = await findWheel('onnxruntime-gpu', version);
  io.say(`setup: ${wheel.name}, for CUDA 13`);
  // Beside the other libraries, so that an interrupted download is continued.
  const folder = join(dirname(libraryFolder('onnxruntime-node')), 'downloads');
  const file = await fetchWheel(wheel, folder, { say: io.say, ...io.download });
  await installWheel(version, file, (io.machine ?? thisMachine).onnxruntime);
  await rm(file, { force: true });
}
