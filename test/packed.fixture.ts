/** @file The package as others install it: packed from a clean copy and unpacked into empty folders. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { madeOnce } from '../src/cli/once.fixture.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const execute = promisify(execFile);

/** What ended, and what it said. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PackedPackage {
  /** A folder whose `node_modules` has `ehmam` alone: plug-ins in it see what a stranger's see. */
  readonly folder: string;
  /** What was packed, by path in the package. */
  readonly files: readonly string[];
  /** Of the tarball. */
  readonly bytes: number;
  /** Runs the installed program in the folder. */
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Compiles a TypeScript project: a folder with a `tsconfig.json`. */
  compile(project: string): Promise<Ended>;
  remove(): Promise<void>;
}

/** What `npm pack` builds from and packs. */
const sources = ['src', 'tasks', 'docs', 'manifests/mini', 'results/published'];
const texts = ['README.md', 'LICENSE', 'package.json'];

/** The tarball in a folder of its own, packed by the first test file that asks. */
async function tarballOf(modules: string): Promise<string> {
  const packed = join(
    await madeOnce('packed', async (shared) => {
      const [copy, place] = [join(shared, 'to-pack'), join(shared, 'packed')];
      const configs = (await readdir(root)).filter((name) => /^tsconfig.*\.json$/.test(name));
      for (const path of [...sources, ...texts, ...configs])
        await cp(join(root, path), join(copy, path), { recursive: true });
      await symlink(modules, join(copy, 'node_modules'));
      await mkdir(place);
      await execute('npm', ['pack', '--silent', '--ignore-scripts=false', '--pack-destination', place], {
        cwd: copy,
      });
    }),
    'packed',
  );
  const [tarball = ''] = await readdir(packed);
  return join(packed, tarball);
}

/**
 * Unpacks the package into a new folder. Its dependencies are those of this checkout, linked, so that no network is needed; a
 * real `npm install` of the tarball takes half a minute more.
 */
export async function packPackage(): Promise<PackedPackage> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'ehmam-packed-')));
  const modules = await realpath(join(root, 'node_modules'));
  const tarball = await tarballOf(modules);
  const installed = join(folder, 'node_modules', 'ehmam');
  await mkdir(installed, { recursive: true });
  await execute('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  const files = await readdir(installed, { recursive: true, withFileTypes: true });
  await symlink(modules, join(installed, 'node_modules'));
  const { bin } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    bin: { ehmam: string };
  };
  return {
    folder,
    files: files
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(installed.length + 1))
      .sort(),
    bytes: (await stat(tarball)).size,
    run: (words, environment) =>
      ended([join(installed, bin.ehmam), ...words], { cwd: folder, env: { ...process.env, ...environment } }),
    compile: (project) => ended([join(modules, 'typescript', 'bin', 'tsc'), '-p', project], { cwd: folder }),
    remove: () => rm(folder, { recursive: true }),
  };
}

/** Node with these words. */
async function ended(words: readonly string[], options: object): Promise<Ended> {
  try {
    return { code: 0, ...(await execute(process.execPath, words, { ...options, encoding: 'utf8' })) };
  } catch (error) {
    const { code, stdout, stderr } = error as Partial<Ended>;
    if (typeof code !== 'number') throw error;
    return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
  }
}
