/** @file Which files are there: a folder at a time where many of its files are asked for. */
import { readdir, stat } from 'node:fs/promises';
import { containerOf, memberOf } from '../audio/member.js';

const filesAtOnce = 64;
/** From so many files on, listing their folder is cheaper than asking for each. */
const worthListing = 8;

/** Sizes of the files that are there, by path, in their order; of what lies inside a file, as its path says. */
export async function sizesOf(paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const found = await fileSizes(filesOf(paths));
  const sizes = new Map<string, number>();
  for (const path of paths) {
    const member = memberOf(path);
    const size = found.get(member?.container ?? path);
    if (size !== undefined) sizes.set(path, member?.bytes ?? size);
  }
  return sizes;
}

/** What has to be there for paths to be read: a file once, however much inside of it they name. */
function filesOf(paths: readonly string[]): readonly string[] {
  return paths.some((path) => path.includes('#')) ? [...new Set(paths.map(containerOf))] : paths;
}

async function fileSizes(paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (let i = 0; i < paths.length; i += filesAtOnce) {
    const group = paths.slice(i, i + filesAtOnce);
    const found = await Promise.all(group.map(fileSize));
    group.forEach((path, index) => {
      const size = found[index];
      if (size !== undefined) sizes.set(path, size);
    });
  }
  return sizes;
}

/** Those that are no files, nor inside of one, in their order. Links count as what they lead to. */
export async function absentFiles(paths: readonly string[]): Promise<string[]> {
  const absent = await absentOf(filesOf(paths));
  return absent.size === 0 ? [] : paths.filter((path) => absent.has(containerOf(path)));
}

async function absentOf(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const folders = new Map<string, string[]>();
  for (const path of paths) {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const group = folders.get(folder);
    if (group === undefined) folders.set(folder, [path]);
    else group.push(path);
  }
  const unsure: string[] = [];
  const groups = [...folders];
  for (let i = 0; i < groups.length; i += filesAtOnce) {
    const part = groups.slice(i, i + filesAtOnce);
    const rest = await Promise.all(part.map(([folder, group]) => notListed(folder, group)));
    for (const each of rest) for (const path of each) unsure.push(path);
  }
  const sizes = await fileSizes(unsure);
  return new Set(unsure.filter((path) => !sizes.has(path)));
}

/** Paths that the folder's list does not show as files. */
async function notListed(folder: string, paths: readonly string[]): Promise<readonly string[]> {
  if (paths.length < worthListing || folder === '') return paths;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = new Set(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
  return paths.filter((path) => !files.has(path.slice(folder.length)));
}

async function fileSize(path: string): Promise<number | undefined> {
  const status = await stat(path).catch(() => undefined);
  return status?.isFile() ? status.size : undefined;
}
