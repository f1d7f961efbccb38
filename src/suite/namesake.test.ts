/** @file Two encoders of one name in one results folder: neither's result ever becomes the other's. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareRecords, readRecords } from '../results/index.js';
import { readRecord } from '../results/store.js';
import { withPlace } from './namesake.js';
import type { SuiteEncoder } from './schema.js';
import { executeTones, planTones, resultsOf, titlesOf, tonesSuite, writeTones } from './tones.fixture.js';
import { writeToyEncoder } from './toy-folder.fixture.js';

let folder: string;
let out: string;
/** Trainings that both left a `checkpoint`. */
let a: string;
let b: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-namesake-'));
  await writeTones(folder, tonesSuite, 1);
  a = await writeToyEncoder(join(folder, 'a'), 'checkpoint', 1);
  b = await writeToyEncoder(join(folder, 'b'), 'checkpoint', 2);
});
beforeEach(async () => {
  out = await mkdtemp(join(folder, 'out-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const [ks] = tonesSuite.tasks;
const planned = (encoder: SuiteEncoder, seeds = [1]) =>
  planTones(folder, { out, seeds }, { name: 'two', encoders: [encoder], tasks: [ks] });
const run = async (encoder: SuiteEncoder, seeds?: number[]) => executeTones(await planned(encoder, seeds));
const other =
  /checkpoint\/ks\/record\.json: contains the result of checkpoint, which has the same name 'checkpoint'|contains the result of different weights/;

describe('a second encoder of the name', () => {
  it('is refused before any work, with both weights, the place and the ways out; the first is left as it was', async () => {
    expect(await run(a)).toMatchObject({ complete: true });
    const before = await resultsOf(out);
    const [first, second] = [await hashOf(join(out, 'checkpoint/ks/record.json')), /[0-9a-f]{8}/.source];
    await expect(planned(b)).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(other) });
    await expect(planned(b)).rejects.toThrow(
      new RegExp(
        `\\(${first}; checkpoint has ${second}\\)\\. Choose another --out, rename .*, or remove .*checkpoint/ks if`,
      ),
    );
    expect(await resultsOf(out)).toEqual(before);
    expect(await run(a)).toMatchObject({ complete: true, done: 0 });
  });

  it('takes the place of a record that stands alone, as in a checkout: there is nothing to lose', async () => {
    await run(a);
    await rm(join(out, 'checkpoint/ks/predictions.jsonl'));
    expect(await run(b)).toMatchObject({ complete: true });
    await expect(planned(a)).rejects.toThrow(other);
  });

  it('is kept beside it in the folder of its seed, and the table has a row of each', async () => {
    await run(a);
    await run(b, [1, 2]);
    const { rows } = compareRecords(await readRecords([out]));
    expect(rows.map(({ encoder, seeds }) => [encoder, seeds])).toEqual([
      ['checkpoint', [1]],
      ['checkpoint', [1, 2]],
    ]);
    expect(new Set(rows.map(({ label }) => label)).size).toBe(2);
  });

  it('that was planned before the first one was done is refused when it is', async () => {
    const late = await planned(b);
    await run(a);
    const before = await resultsOf(out);
    const { failed, complete } = await executeTones(late);
    expect({ complete, failed: failed.map(({ message }) => message) }).toEqual({
      complete: false,
      failed: [expect.stringMatching(other)],
    });
    expect(await resultsOf(out)).toEqual(before);
    expect(await titlesOf(out, 'failed')).toEqual(['ks head on checkpoint']);
  });

  it('that the suite itself trains is refused when its head starts, and goes on once the place is free', async () => {
    await run(a);
    const before = await resultsOf(join(out, 'checkpoint'));
    const trained = { name: 'checkpoint', pretrain: { config: 'toy.json', manifest: 'tones.csv' } };
    const { failed } = await run(trained as SuiteEncoder);
    expect(failed.map(({ message }) => message)).toEqual([expect.stringMatching(other)]);
    expect(await resultsOf(join(out, 'checkpoint'))).toEqual(before);
    await rm(join(out, 'checkpoint'), { recursive: true });
    expect(await run(trained as SuiteEncoder)).toMatchObject({ complete: true, done: 1 });
    await expect(planned(a)).rejects.toThrow(other);
  });
});

it('an untrained encoder from another seed takes the place of its own earlier result, as every other setting does', async () => {
  expect(await run('random:tiny', [1])).toMatchObject({ complete: true });
  expect(await run('random:tiny', [2])).toMatchObject({ complete: true });
  expect((await readRecord(join(out, 'random%3Atiny/ks/record.json'))).seed).toBe(2);
});

it('only one process at a time writes into a place', async () => {
  await mkdir(join(out, 'e'));
  let inside = 0;
  let most = 0;
  const write = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inside--;
  };
  await Promise.all([1, 2, 3].map(() => withPlace(out, 'e', 'ks', write)));
  expect(most).toBe(1);
});

const hashOf = async (file: string): Promise<string> => {
  const { encoder } = JSON.parse(await readFile(file, 'utf8')) as { encoder: { hash: string } };
  return encoder.hash.slice(0, 8);
};
