/** @file The files below a folder, as every corpus is looked through: links followed, hidden names passed over. */
import type { Dirent } from 'node:fs';
import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../../base/errors.js';

/**
 * Paths of the files below a folder, relative to it, with '/' between, in order. Links to files and folders are
 * followed, but not back to a folder that they are in. Hidden files and folders are none of a corpus: macOS puts
 * `._x.wav` beside `x.wav`, git-annex keeps what links lead to in `.git`.
 * @param remarks gets a line about links that lead nowhere
 * @throws UserError when the folder cannot be read
 */
export async function filesBelow(folder: string, remarks: string[] = []): Promise<string[]> {
  const files: string[] = [];
  const broken: string[] = [];
  await walk(folder, '', [], files, broken).catch((error: unknown) => {
    throw new UserError(`the folder cannot be read (${messageOf(error)})`, {
      file: folder,
      hint: 'Pass the folder of the corpus with --root',
      cause: error,
    });
  });
  if (broken.length > 0) remarks.push(await brokenRemark(folder, broken.sort()));
  return files.sort();
}

async function walk(
  folder: string,
  prefix: string,
  above: readonly string[],
  files: string[],
  broken: string[],
): Promise<void> {
  const { dev, ino } = await stat(folder, { bigint: true });
  const self = `${dev}:${ino}`;
  if (above.includes(self)) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
    const path = prefix + entry.name;
    const kind = await kindOf(entry, join(folder, entry.name));
    if (kind === 'folder') await walk(join(folder, entry.name), `${path}/`, [...above, self], files, broken);
    else if (kind === 'file') files.push(path);
    else if (kind === 'broken') broken.push(path);
  }
}

async function kindOf(entry: Dirent, path: string): Promise<'file' | 'folder' | 'broken' | 'other'> {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  // A link, or what the file system does not tell.
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return 'broken';
  return status.isFile() ? 'file' : status.isDirectory() ? 'folder' : 'other';
}

async function brokenRemark(folder: string, broken: readonly string[]): Promise<string> {
  const [first = ''] = broken;
  const target = await readlink(join(folder, first)).catch(() => '');
  const get = target.includes('annex/objects') ? ' (git annex get brings the files)' : '';
  const what = broken.length === 1 ? '1 broken link' : `${broken.length} broken links`;
  return `${what}, for example ${first} to ${target}${get}`;
}
