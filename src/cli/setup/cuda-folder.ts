/** @file The folder with ONNX Runtime's CUDA library in the cache folder: filled from a wheel, or from what was brought along. */
import { existsSync, statSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { cannotWrite, namesIn, sha256OfFile, systemCode, writeFileAtomic } from '../../base/files.js';
import { parsedJson } from '../../base/json-text.js';
import { installedFolder } from '../../engine/cuda/places.js';
import { cudaError } from '../../engine/cuda/problem.js';
import {
  coreFile,
  type ProviderLibrary,
  providerFile,
  providerLibraryIn,
  sharedFile,
} from '../../engine/cuda/provider-library.js';
import type { CudaSearch } from '../../engine/cuda/search.js';
import { unpackWheel } from './wheel.js';

/** The libraries of ONNX Runtime's wheel that are used. */
const ofOnnxruntime = [providerFile, sharedFile];
const capi = 'onnxruntime/capi/';
/** A library of CUDA or cuDNN; below, where those are in a pack and in the cache folder. */
const isCudaLibrary = (name: string): boolean => /^lib(cu|nv)[\w-]*\.so\.[\d.]+$/.test(name);
const cudaFolder = 'cuda';

const packFile = 'cuda-pack.json';
const packSchema = z.object({
  /** Of ONNX Runtime. */
  version: z.string(),
  cuda: z.number(),
  files: z.array(
    z.object({ name: z.string().regex(/^(cuda\/)?lib[\w.+-]+$/), bytes: z.number(), sha256: z.string() }),
  ),
});

/**
 * Fills the folder of a version: whole or not at all.
 * @param node where onnxruntime-node has its libraries
 * @throws UserError where what it is filled with cannot be used
 */
async function installLibrary(
  version: string,
  node: string | undefined,
  fill: (place: string) => Promise<void>,
): Promise<ProviderLibrary> {
  const parent = dirname(installedFolder(version, 13));
  let place: string | undefined;
  try {
    await mkdir(parent, { recursive: true });
    place = await mkdtemp(join(parent, `onnxruntime-cuda-${version}-unfinished-`));
    await fill(place);
    const library = providerLibraryIn(place, version);
    if (library === undefined || 'part' in library || library.cuda === undefined)
      throw library !== undefined && 'part' in library
        ? cudaError([{ ...library, what: library.what.replaceAll(`${place}/`, '') }])
        : new UserError(`no ${providerFile} for CUDA 12 or 13 among them`, { exitCode: 1 });
    if (node !== undefined) await copyFile(join(node, coreFile), join(place, coreFile));
    const folder = installedFolder(version, library.cuda);
    await rm(folder, { recursive: true, force: true });
    await rename(place, folder);
    return { ...library, folder };
  } catch (error) {
    throw systemCode(error) === undefined ? error : cannotWrite(place ?? parent, error);
  } finally {
    if (place !== undefined) await rm(place, { recursive: true, force: true });
  }
}

/** Installs the library of a wheel of `onnxruntime-gpu`. */
export function installWheel(
  version: string,
  wheel: string,
  node: string | undefined,
): Promise<ProviderLibrary> {
  return installLibrary(version, node, (place) => unpackOnnxruntime(wheel, place));
}

async function unpackOnnxruntime(wheel: string, place: string): Promise<void> {
  await unpackWheel(wheel, (path) =>
    ofOnnxruntime.some((name) => path === capi + name) ? join(place, basename(path)) : undefined,
  );
}

/**
 * Installs what a folder has: a pack of `ehmam setup cuda --pack`, else wheels and libraries that lie in it.
 * @throws UserError naming what is of another version, damaged or missing
 */
export async function installFolder(
  version: string,
  folder: string,
  node: string | undefined,
): Promise<ProviderLibrary> {
  const names = namesIn(folder);
  if (names.length === 0) throw new UserError('no such folder, or nothing in it', { file: folder });
  if (names.includes(packFile)) return installPack(version, folder, node);
  const wheels = names.filter((name) => name.endsWith('.whl'));
  const own = wheels.find((name) => name.startsWith(`onnxruntime_gpu-${version}-`));
  const other = wheels.find((name) => name.startsWith('onnxruntime_gpu-'));
  if (own === undefined && !names.includes(providerFile))
    throw new UserError(
      other === undefined
        ? `has neither ${packFile}, nor a wheel of onnxruntime-gpu, nor ${providerFile}`
        : `${other} is another version, expected ${version}`,
      {
        file: folder,
        hint: `Run \`ehmam setup cuda --pack DIR\` or \`pip download --only-binary=:all: onnxruntime-gpu==${version}\` where there is a network`,
      },
    );
  return installLibrary(version, node, async (place) => {
    if (own !== undefined) await unpackOnnxruntime(join(folder, own), place);
    for (const wheel of wheels.filter((name) => name.startsWith('nvidia_')))
      await unpackWheel(join(folder, wheel), (path) =>
        /^nvidia\/[^/]+\/lib\//.test(path) && isCudaLibrary(basename(path))
          ? join(place, cudaFolder, basename(path))
          : undefined,
      );
    const loose = names.filter((name) => isCudaLibrary(name));
    const alone = own === undefined ? ofOnnxruntime.filter((name) => names.includes(name)) : [];
    if (loose.length > 0) await mkdir(join(place, cudaFolder), { recursive: true });
    for (const name of alone) await copyFile(join(folder, name), join(place, name));
    for (const name of loose) await copyFile(join(folder, name), join(place, cudaFolder, name));
  });
}

async function installPack(
  version: string,
  folder: string,
  node: string | undefined,
): Promise<ProviderLibrary> {
  const file = join(folder, packFile);
  const pack = packSchema.safeParse(parsedJson(await readFile(file, 'utf8')));
  if (!pack.success) throw new UserError('truncated or damaged', { file, hint: 'Write the pack again' });
  if (pack.data.version !== version)
    throw new UserError(`packed for ONNX Runtime ${pack.data.version}, expected ${version}`, {
      file,
      hint: 'Write the pack again with the version of ehmam that is installed here',
    });
  for (const { name, bytes, sha256 } of pack.data.files) {
    const from = join(folder, name);
    const fault = !existsSync(from)
      ? 'is missing'
      : (await sha256OfFile(from)) === sha256
        ? undefined
        : `truncated or damaged: expected ${bytes} bytes with SHA-256 ${sha256}`;
    if (fault !== undefined) throw new UserError(fault, { file: from, hint: 'Copy the pack again' });
  }
  return installLibrary(version, node, async (place) => {
    await mkdir(join(place, cudaFolder));
    for (const { name } of pack.data.files) await copyFile(join(folder, name), join(place, name));
  });
}

/**
 * Writes what a node without a network needs into a folder: the library, and CUDA's libraries and cuDNN where they were found.
 * @returns the files, by their names in it
 */
export async function writePack(
  { version, library, preload }: CudaSearch,
  folder: string,
): Promise<readonly string[]> {
  if (library === undefined) throw new Error('nothing to pack');
  const sources = new Map<string, string>();
  for (const name of ofOnnxruntime) sources.set(name, join(library.folder, name));
  for (const file of preload)
    for (const each of [file, ...companionsOf(file)]) sources.set(`${cudaFolder}/${basename(each)}`, each);
  const files: z.infer<typeof packSchema>['files'] = [];
  try {
    await mkdir(join(folder, cudaFolder), { recursive: true });
    for (const [name, source] of sources) {
      const target = join(folder, name);
      await copyFile(await realpath(source), target);
      files.push({ name, bytes: statSync(target).size, sha256: await sha256OfFile(target) });
    }
    const pack: z.infer<typeof packSchema> = { version, cuda: library.cuda, files };
    await writeFileAtomic(join(folder, packFile), `${JSON.stringify(pack, null, 2)}\n`);
  } catch (error) {
    throw systemCode(error) === undefined ? error : cannotWrite(folder, error);
  }
  return [...sources.keys()];
}

/** What cuDNN and the run-time compiler load by themselves, from where they are. */
function companionsOf(file: string): string[] {
  const [family] = /^lib(cudnn|nvrtc)/.exec(basename(file)) ?? [];
  if (family === undefined) return [];
  const name = family === 'libcudnn' ? /^libcudnn_\w+\.so\.\d+$/ : /^libnvrtc-builtins\.so\.\d+\.\d+$/;
  return namesIn(dirname(file))
    .filter((each) => name.test(each))
    .map((each) => join(dirname(file), each));
}
