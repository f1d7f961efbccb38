/** @file Files named by utterances' ids, whatever stands in those. */
import { createHash } from 'node:crypto';

/** Bytes of a name; file systems take 255, endings and what is unfinished included. */
const longestName = 180;

/** File names for ids, each its own, also where a file system takes upper and lower case for one. */
export function fileNames(ids: readonly string[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  for (const id of ids) {
    const key = keyOf(plainName(id));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return new Map(
    ids.map((id) => {
      const name = plainName(id);
      return [id, (counts.get(keyOf(name)) ?? 0) > 1 ? withDigest(name, id) : name];
    }),
  );
}

const keyOf = (name: string): string => name.normalize('NFC').toLowerCase();

/** The id where it can be a name; signs that paths and shells have a meaning for stand as %XX. */
function plainName(id: string): string {
  const name = id
    .replaceAll(/[^\p{L}\p{N}._=+,@ -]/gu, (sign) =>
      [...Buffer.from(sign)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    )
    .replace(/^\./, '%2E');
  return Buffer.byteLength(name) > longestName ? withDigest(name, id) : name;
}

function withDigest(name: string, id: string): string {
  const digest = createHash('sha256').update(id).digest('hex').slice(0, 16);
  return `${[...name].slice(0, 40).join('')}-${digest}`;
}
