/** @file Files of one name that paths name or that folders hold at any depth. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../base/errors.js';

const filesAtOnce = 64;

/** Work on many files, some at once; results in the order of the files. */
export async function inGroups<T>(
  files: readonly string[],
  work: (file: string) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < files.length; i += filesAtOnce)
    results.push(...(await Promise.all(files.slice(i, i + filesAtOnce).map(work))));
  return results;
}

/**
 * The files of a name under folders, in the order of the paths; a path that is a file itself is taken where `accepts` says so.
 * What is found twice, by a link for example, counts once.
 * @throws UserError naming a path that is not there
 */
export async function findFiles(
  paths: readonly string[],
  name: string,
  accepts: (file: string) => boolean = () => true,
): Promise<string[]> {
  const found = new Map<string, string>();
  for (const path of paths) {
    const files = await filesOf(path, name, accepts);
    const reals = await inGroups(files, (file) => realpath(file));
    for (const [i, file] of files.entries())
      if (!found.has(reals[i] ?? file)) found.set(reals[i] ?? file, file);
  }
  return [...found.values()];
}

async function filesOf(path: string, name: string, accepts: (file: string) => boolean): Promise<string[]> {
  const kind = await stat(path).catch((error: unknown) => {
    throw new UserError('no such file or folder', {
      file: path,
      hint: `Pass result folders or ${name} files`,
      cause: error,
    });
  });
  if (!kind.isDirectory()) return accepts(path) ? [path] : [];
  return filesUnder(path, name);
}

async function filesUnder(folder: string, name: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.name === name && !entry.isDirectory()) files.push(path);
    else if (entry.isDirectory() && entry.name !== 'node_modules')
      files.push(...(await filesUnder(path, name)));
  }
  return files;
}
