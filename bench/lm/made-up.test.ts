/** @file The made-up model is one that can be read, of the size asked for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readArpa } from '../../src/lm/arpa.js';
import { tableBytes } from '../../src/lm/model.js';
import { madeUpArpa } from './made-up.js';

test('has the n-grams asked for, at 16 bytes each and 8 for the longest', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ehmam-made-up-'));
  const file = join(folder, 'a.arpa');
  await writeFile(file, [...madeUpArpa([500, 2000, 3000])].join(''));
  const model = await readArpa(file);
  await rm(folder, { recursive: true });
  expect(model.levels.map(({ words }) => words.length)).toEqual([500, 2000, 3000]);
  expect(tableBytes(model)).toBe(16 * 2500 + 2 * 4 + 8 * 3000);
});
