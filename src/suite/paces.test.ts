/** @file What is remembered of how long jobs took: by many writers, in spite of damage, within bounds. */
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { rememberedPaces, rememberPace } from './paces.js';

let folder: string;
const said: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-paces-'));
  said.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

const origin = { engine: { name: 'onnx', provider: 'cpu' }, threads: 1 } as const;
const remember = (pace: string, seconds: number, more: Partial<Parameters<typeof rememberPace>[2]> = {}) =>
  rememberPace(folder, { pace, seconds, rough: 2 }, { ...origin, ...more }, (text) => said.push(text));
const known = (more: Partial<typeof origin> = {}) =>
  rememberedPaces(folder, { ...origin, ...more }).map(({ pace, seconds, rough }) => [pace, seconds, rough]);

it('keeps the last three of each pace, of this engine', async () => {
  expect(known()).toEqual([]);
  for (const seconds of [1, 2, 3, 4]) await remember('head | ks', seconds);
  await remember('pretrain', 9);
  await remember('head | ks', 99, { engine: { name: 'onnx', provider: 'cuda' } });
  await remember('head | ks', Number.NaN);
  expect(known()).toEqual([
    ['head | ks', 2, 2],
    ['head | ks', 3, 2],
    ['head | ks', 4, 2],
    ['pretrain', 9, 2],
  ]);
});

it('takes those with as many threads before others', async () => {
  await remember('head | ks', 1);
  await remember('head | ks', 5, { threads: 8 });
  await remember('pretrain', 7, { threads: 8 });
  expect(known()).toEqual([
    ['head | ks', 1, 2],
    ['pretrain', 7, 2],
  ]);
});

it('passes over what is damaged', async () => {
  await remember('head | ks', 1);
  const file = join(folder, 'paces.jsonl');
  const line = await readFile(file, 'utf8');
  await appendFile(
    file,
    `{"pace": 3}\nnull\n${line.replace('"version":2', '"version":99')}${line.slice(0, 40)}`,
  );
  await writeFile(file, `\0\0\n${await readFile(file, 'utf8')}`);
  await remember('pretrain', 2);
  expect(known()).toEqual([['head | ks', 1, 2]]);
  await remember('pretrain', 3);
  expect(known()).toEqual([
    ['head | ks', 1, 2],
    ['pretrain', 3, 2],
  ]);
});

it('says it where the folder cannot be written, and goes on', async () => {
  await writeFile(join(folder, 'file'), '');
  await rememberPace(join(folder, 'file'), { pace: 'a', seconds: 1, rough: 1 }, origin, (text) =>
    said.push(text),
  );
  expect(said).toEqual([expect.stringContaining('how long this job took is not remembered')]);
  expect(rememberedPaces(join(folder, 'file'), origin)).toEqual([]);
});

it('stays small, whoever writes, and keeps what is new', async () => {
  for (let i = 0; i < 40; i++)
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => remember(`head | ${i % 4} ${n} ${'x'.repeat(100)}`, i + 1)),
    );
  expect((await stat(join(folder, 'paces.jsonl'))).size).toBeLessThan(320_000);
  const newest = known().filter(([pace]) => String(pace).startsWith('head | 3 7 '));
  expect(newest.at(-1)).toEqual([`head | 3 7 ${'x'.repeat(100)}`, 40, 2]);
  expect(said).toEqual([]);
});
