/** @file Installs a native library: npm brings its package into a folder of its own, the package's script the rest. */
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { cannotWrite } from '../../base/files.js';
import { findLibrary, libraryFolder, type NativeLibrary, wantedVersion } from '../../base/native-library.js';
import { versionOf } from '../../base/package.js';
import { runWatched, type Watching } from './run-watched.js';
import type { Piece } from './sets.js';
import { layTensorflow } from './tensorflow-files.js';

export interface Installed {
  readonly library: NativeLibrary;
  readonly version: string;
  readonly folder: string;
  /** Whether there was nothing to do. */
  readonly before: boolean;
}

/**
 * Does one piece of a set. A library counts as installed once all of it is there: a call that was ended leaves nothing behind
 * that would be taken for one.
 * @throws UserError (exit code 1) where a download or a script fails
 */
export async function installPiece({ library, does, from }: Piece, watching: Watching): Promise<Installed> {
  const found = findLibrary(library);
  if (does === 'run its script') {
    if (found === undefined)
      throw new UserError(`${library} is not installed`, { hint: 'Run `ehmam setup onnx` first' });
    const folder = dirname(dirname(found));
    await runWatched(process.execPath, ['script/install.js'], library, {
      ...watching,
      folder,
      environment: { ONNXRUNTIME_NODE_INSTALL: 'cuda12' },
    });
    return { library, version: versionOf(found), folder, before: false };
  }
  // A library that is named replaces the one that is there.
  const before = found !== undefined && from === undefined;
  if (!before) await installInto(libraryFolder(library), { library, does, from }, watching);
  const file = before ? found : findLibrary(library);
  if (file === undefined) throw new Error(`${library} is not found after its installation`);
  return { library, version: versionOf(file), folder: dirname(dirname(file)), before };
}

async function installInto(
  folder: string,
  { library, does, from }: Piece,
  watching: Watching,
): Promise<void> {
  const place = await makeBeside(folder);
  try {
    await writeFile(join(place, 'package.json'), '{"private":true}\n');
    const environment = from === undefined ? {} : buildEnvironment();
    const npm = async (...words: readonly string[]): Promise<void> =>
      runWatched('npm', [...words, '--no-audit', '--no-fund'], library, {
        ...watching,
        folder: place,
        environment,
      });
    await npm('install', '--ignore-scripts', `${library}@${wantedVersion(library)}`);
    if (from !== undefined) await layTensorflow(join(place, 'node_modules', library, 'deps'), from);
    if (does === 'install with its script')
      await npm('rebuild', '--ignore-scripts=false', '--foreground-scripts', library);
    if (from !== undefined) await rm(folder, { recursive: true, force: true });
    await rename(place, folder);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/**
 * For a library that is not the script's own: the addon is built against it, with the headers of Node that are here (else
 * node-gyp downloads them).
 */
function buildEnvironment(): Readonly<Record<string, string>> {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const hasHeaders = existsSync(join(prefix, 'include/node/node_api.h'));
  return {
    npm_config_build_from_source: 'true',
    ...(hasHeaders && process.env.npm_config_nodedir === undefined && { npm_config_nodedir: prefix }),
  };
}

/** A new folder beside the one that is to be. */
async function makeBeside(folder: string): Promise<string> {
  try {
    await mkdir(dirname(folder), { recursive: true });
    return await mkdtemp(`${folder}-unfinished-`);
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}
