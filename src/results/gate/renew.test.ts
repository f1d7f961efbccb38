/** @file Renewing a baseline: all of it or nothing, and only with what is whole. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { builtInTasks } from '../../../tasks/index.js';
import type { ResultRecord, StoredRecord } from '../record.js';
import { exampleRecord, newRecord } from '../records.fixture.js';
import { readRecords, writeRecord } from '../store.js';
import { type RenewOptions, renewBaseline } from './renew.js';
import { renewalText } from './text.js';

let folder: string;
let baseline: string;
let results: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-renew-'));
  baseline = join(folder, 'baseline');
  results = join(folder, 'results');
});
afterEach(() => rm(folder, { recursive: true }));

/** Keywords of 100 utterances, so many of them right. */
function keywords(
  place: string,
  encoder: string,
  right: number,
  parts: Partial<ResultRecord> = {},
): Promise<StoredRecord> {
  const lines = Array.from({ length: 100 }, (_, i) => ({
    id: `u${i}`,
    prediction: i < right ? 'yes' : 'no',
    reference: 'yes',
  }));
  const metrics = { accuracy: { value: right / 100, direction: 'higher' as const, utterances: 100 } };
  const whose = { ...exampleRecord().encoder, name: encoder };
  return writeRecord(
    place,
    newRecord({ task: { name: 'ks', version: 1 }, encoder: whose, metrics, ...parts }),
    lines,
  );
}

const usual = { tolerance: 0.01, level: 0.05, tasks: builtInTasks, incomplete: false, add: false };
const renew = (change: Partial<RenewOptions> = {}) =>
  renewBaseline(baseline, results, { ...usual, ...change });

/** Every file with its text. */
async function contents(place: string): Promise<Record<string, string>> {
  const names = (await readdir(place, { recursive: true, withFileTypes: true })).filter((e) => e.isFile());
  const files = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.slice(place.length), await readFile(file, 'utf8')])),
  );
}

const valuesIn = async (place: string): Promise<Record<string, number | undefined>> =>
  Object.fromEntries(
    (await readRecords([place])).map(({ path, record }) => [
      dirname(path).slice(place.length + 1),
      record.metrics.accuracy?.value,
    ]),
  );

it('puts fresh records and predictions in the place of the old, leaves the rest alone, and says what changed', async () => {
  await keywords(baseline, 'tiny', 80);
  await keywords(baseline, 'fbank', 50);
  await writeFile(join(baseline, 'README.md'), 'mine');
  await keywords(results, 'tiny', 40);
  await keywords(results, 'fbank', 50);
  await keywords(results, 'new', 90);
  await writeFile(join(results, 'tiny', 'ks', 'head.safetensors'), 'large');
  const renewal = await renew();
  expect(await valuesIn(baseline)).toEqual({ 'fbank/ks': 0.5, 'tiny/ks': 0.4 });
  const [before, after] = [await contents(results), await contents(baseline)];
  expect(after['/tiny/ks/predictions.jsonl']).toBe(before['/tiny/ks/predictions.jsonl']);
  expect(Object.keys(after)).not.toContain('/tiny/ks/head.safetensors');
  expect(after['/README.md']).toBe('mine');
  const text = renewalText('baseline', renewal);
  expect(text).toMatch(/tiny.*80\.00.*-40\.00.*regressed/s);
  expect(text).toContain('baseline baseline: 2 results renewed; 1 of 2 compared metrics changed');
  expect(text).toContain('ignored, because not in the baseline (--add to add them): new on ks, seed 1337');
  expect(await readdir(folder)).toEqual(['baseline', 'results']);
});

it('becomes a baseline where there is none, and takes in others where it is asked to', async () => {
  await keywords(results, 'tiny', 40);
  expect(renewalText('b', await renew())).toBe('baseline b: made of 1 result');
  await keywords(results, 'new', 90);
  expect((await renew({ add: true })).added).toEqual(['new on ks, seed 1337']);
  expect(await valuesIn(baseline)).toEqual({ 'new/ks': 0.9, 'tiny/ks': 0.4 });
});

it('refuses results that lack a task or a seed, unless it is asked to', async () => {
  for (const seed of [1, 2]) await keywords(join(baseline, `seed-${seed}`), 'tiny', 80, { seed });
  await keywords(baseline, 'fbank', 50);
  await keywords(join(results, 'seed-1'), 'tiny', 60, { seed: 1 });
  const before = await contents(baseline);
  await expect(renew()).rejects.toThrow(
    /the results lack fbank on ks, seed 1337, tiny on ks, seed 2, which the baseline has\. Finish the run/,
  );
  expect(await contents(baseline)).toEqual(before);
  const { kept, renewed } = await renew({ incomplete: true });
  expect([kept, renewed]).toEqual([['fbank on ks, seed 1337'], ['tiny on ks, seed 1']]);
  // Two seeds of other versions of an encoder are no comparison: the old second one is gone.
  expect(await valuesIn(baseline)).toEqual({ 'fbank/ks': 0.5, 'seed-1/tiny/ks': 0.6 });
  expect(await readdir(baseline)).toEqual(['fbank', 'seed-1']);
});

it('takes nothing where one file of the results is not whole', async () => {
  await keywords(baseline, 'fbank', 50);
  await keywords(baseline, 'tiny', 80);
  await keywords(results, 'fbank', 60);
  const { path } = await keywords(results, 'tiny', 70);
  const file = join(dirname(path), 'predictions.jsonl');
  await writeFile(file, (await readFile(file, 'utf8')).slice(0, 300));
  const before = await contents(baseline);
  await expect(renew({ incomplete: true })).rejects.toThrow('predictions.jsonl');
  expect(await contents(baseline)).toEqual(before);
  expect(await readdir(folder)).toEqual(['baseline', 'results']);
});

it('finds the baseline again that a killed update had put aside', async () => {
  await keywords(baseline, 'tiny', 80);
  await keywords(results, 'tiny', 60);
  await rename(baseline, join(folder, '.baseline.before-update'));
  await renew();
  expect(await valuesIn(baseline)).toEqual({ 'tiny/ks': 0.6 });
  // Killed after the second rename: what was put aside is old.
  await mkdir(join(folder, '.baseline.before-update'));
  await renew();
  expect(await readdir(folder)).toEqual(['baseline', 'results']);
});

it('refuses a record in place of a folder', async () => {
  const { path } = await keywords(results, 'tiny', 60);
  await expect(renewBaseline(path, results, usual)).rejects.toThrow('is one record');
  await expect(renewBaseline(baseline, path, usual)).rejects.toThrow(
    'is one record, not a folder of results',
  );
});
