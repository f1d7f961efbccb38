/** @file The checksum file of a corpus folder: what has been made, and whether it is still as it was made. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/files.js';

/** Path relative to the folder, to SHA-256 in hexadecimal. Written as `sha256sum` does, so that `-c` checks it. */
export type Checksums = ReadonlyMap<string, string>;

export const checksumFile = 'SHA256SUMS';
const filesAtOnce = 16;

/** The noted checksums; none when there is no file. A last line that was cut short is no line. */
export async function readChecksums(folder: string): Promise<Checksums> {
  const text = await readFile(join(folder, checksumFile), 'utf8').catch(() => '');
  const lines = text.matchAll(/^([0-9a-f]{64}) {2}(.+)\n/gm);
  return new Map(Array.from(lines, ([, sha256 = '', path = '']) => [path, sha256]));
}

export async function writeChecksums(folder: string, checksums: Checksums): Promise<void> {
  const paths = [...checksums.keys()].sort();
  const text = paths.map((path) => checksumLine(path, checksums.get(path) ?? '')).join('');
  await writeFileAtomic(join(folder, checksumFile), text);
}

export function checksumLine(path: string, sha256: string): string {
  return `${sha256}  ${path}\n`;
}

/** Those of the paths that are there with the bytes that were noted, and how long they are. */
export async function intactFiles(
  folder: string,
  paths: readonly string[],
  checksums: Checksums,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (let i = 0; i < paths.length; i += filesAtOnce) {
    const group = paths.slice(i, i + filesAtOnce).filter((path) => checksums.has(path));
    const found = await Promise.all(group.map((path) => readFile(join(folder, path)).catch(() => undefined)));
    for (const [index, path] of group.entries()) {
      const bytes = found[index];
      if (bytes === undefined) continue;
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      if (sha256 === checksums.get(path)) sizes.set(path, bytes.length);
    }
  }
  return sizes;
}
