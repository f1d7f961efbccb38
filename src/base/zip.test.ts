/** @file Damaged zip files are errors that can be caught. */
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openZip } from './zip.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-zip-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A zip64 file of no entries, whose directory is said to begin at `offset`. */
function directoryAt(offset: bigint): Buffer {
  const [locator, end] = [Buffer.alloc(20), Buffer.alloc(22)];
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(offset, 8);
  end.writeUInt32LE(0x06054b50, 0);
  return Buffer.concat([locator, end]);
}

it.each([2n ** 20n, 2n ** 52n, 2n ** 55n, 2n ** 63n])(
  'a directory that would begin at %i is one error',
  async (offset) => {
    const file = join(folder, `${offset}.zip`);
    await writeFile(file, directoryAt(offset));
    const handle = await open(file);
    try {
      await expect(openZip(handle)).rejects.toThrow('unexpected EOF');
    } finally {
      await handle.close();
    }
  },
);
