/** @file Drawings of utterances: what is written is read, and nothing else is taken for it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawing } from './drawings.fixture.js';
import { drawingsName, readDrawings, writeDrawings } from './drawings.js';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-drawings-'));
  file = join(folder, drawingsName);
});
afterAll(() => rm(folder, { recursive: true }));

/** What reading the file says after a change of its text. */
async function changed(from: string | RegExp, to: string): Promise<unknown> {
  await writeDrawings(file, [drawing('a'), drawing('b')]);
  await writeFile(file, (await readFile(file, 'utf8')).replace(from, to));
  return readDrawings(file).then(
    () => 'read',
    (error: Error) => error.message,
  );
}

describe('a file of drawings', () => {
  it('holds what was written, line by line', async () => {
    await writeDrawings(file, [drawing('a'), drawing('b')]);
    expect(await readDrawings(file)).toEqual([drawing('a'), drawing('b')]);
    expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(4);
    await writeDrawings(file, []);
    expect(await readDrawings(file)).toEqual([]);
  });

  it('may be missing', async () => {
    expect(await readDrawings(join(folder, 'none', drawingsName))).toBeUndefined();
  });

  it('of another version or another kind is refused by name, a broken line by its number', async () => {
    expect(await changed('"version":1', '"version":2')).toBe(
      `${file}:1: has format version 2; this ehmam reads 1. Create it again with 'ehmam analyse'`,
    );
    expect(await changed('ehmam drawings', 'something')).toContain(`${file}:1: is not a drawings file`);
    expect(await changed(/.*/s, '')).toContain(`${file}:1: is not a drawings file`);
    expect(await changed(/("id":"b".*"actual":)\[1,/, '$1[')).toContain(
      `${file}:3: invalid drawing: its losses differ in length`,
    );
    expect(await changed('"hopSeconds":0.02', '"hopSeconds":0')).toContain(
      `${file}:2: invalid drawing: hopSeconds`,
    );
    expect(await changed(/\n\{"id":"b".*/, '\n{"id":"b')).toContain(`${file}:3: invalid drawing`);
  });
});
