/** @file Which entries of an archive may be unpacked: those that stay in their folder, overwrite nothing, and do not swell. */
import { UserError } from '../../base/errors.js';
import type { ArchiveEntry } from './entries.js';

/** What an archive may come to. VoxCeleb1, 153,516 files in 38 GB, and LibriSpeech, 292,367 in 60 GB, are far below. */
export interface ArchiveLimits {
  readonly entries: number;
  readonly bytes: number;
  /** Unpacked bytes a byte of the archive, over all of it: WAV in zip or gzip comes to 1.2 to 2. */
  readonly ratio: number;
}

export const usualLimits: ArchiveLimits = { entries: 5e6, bytes: 4e12, ratio: 30 };

/** Texts alone may be packed tightly: below this the ratio says nothing. */
const ratioFromBytes = 64e6;

/**
 * Judges the entries of one archive in their order.
 * @returns a function that gives an entry's path below the target, '/' between, '' for the target itself
 * @throws UserError naming the entry that leaves the target, is a link or device, collides with another, or is too much
 */
export function entryGuard(
  archive: string,
  archiveBytes: number,
  limits: ArchiveLimits = usualLimits,
): (entry: Pick<ArchiveEntry, 'name' | 'kind' | 'bytes'>) => string {
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  let entries = 0;
  let bytes = 0;
  const refuse = (name: string, why: string): UserError =>
    new UserError(`unsafe archive: entry '${name}' ${why}`, {
      file: archive,
      hint: 'Download it from its publisher, or unpack it yourself if you trust it',
    });
  return ({ name, kind, bytes: size }) => {
    entries += 1;
    bytes += size;
    if (kind !== 'file' && kind !== 'folder') throw refuse(name, `is a ${kind}, not a file`);
    if (entries > limits.entries) throw refuse(name, `exceeds the limit of ${limits.entries} entries`);
    if (!(size >= 0) || bytes > limits.bytes)
      throw refuse(name, `exceeds the limit of ${limits.bytes} bytes`);
    if (bytes > ratioFromBytes && bytes > limits.ratio * archiveBytes)
      throw refuse(name, `expands the archive to ${Math.round(bytes / archiveBytes)} times its size`);
    const path = insidePath(name);
    if (path === undefined) throw refuse(name, 'points outside the folder');
    if (path === '') {
      if (kind === 'file') throw refuse(name, 'has no name');
      return '';
    }
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length + (kind === 'folder' ? 1 : 0); depth++) {
      const folder = parts.slice(0, depth).join('/');
      const key = keyOf(folder);
      const file = files.get(key);
      if (file !== undefined) throw refuse(name, `needs a folder in place of the file '${file}'`);
      folders.set(key, folder);
    }
    if (kind === 'file') {
      const key = keyOf(path);
      const other = files.get(key) ?? folders.get(key);
      if (other === path) throw refuse(name, 'occurs twice');
      if (other !== undefined) throw refuse(name, `differs from '${other}' only in upper and lower case`);
      files.set(key, path);
    }
    return path;
  };
}

/** Names that some file systems take for one: upper and lower case, composed and decomposed letters. */
const keyOf = (path: string): string => path.normalize('NFC').toLowerCase();

/** The path as it lies below the target; undefined where it would lie elsewhere or is no path. */
function insidePath(name: string): string | undefined {
  const hasDrive = /^[a-z]:/i.test(name);
  if (name.startsWith('/') || hasDrive || name.includes('\\') || /\p{Cc}/u.test(name)) return undefined;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts.join('/');
}
