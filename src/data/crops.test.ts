/** @file Tests of the stream of crops for pre-training. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normalizeWaveform, writeWav } from '../audio/index.js';
import { randomStream } from '../base/random.js';
import { type CropBatch, type CropOptions, cropStream } from './crops.js';
import { loadUtterances, type Utterance, writeManifest } from './manifest.js';

const lengths = [30, 75, 120, 200, 90, 45, 160];
const audio = lengths.map((length, index) => {
  const random = randomStream(1, 'noise', index);
  return Float32Array.from({ length }, () => (random.integer(65536) - 32768) / 32768);
});

let folder: string;
let utterances: Utterance[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-crops-'));
  const rows = audio.map((_, index) => ({ id: `u${index}`, path: `${index}.wav`, split: 'train' }));
  await Promise.all(audio.map((samples, index) => writeWav(join(folder, `${index}.wav`), samples, 16000)));
  await writeManifest(join(folder, 'm.csv'), rows);
  utterances = await loadUtterances(join(folder, 'm.csv'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const base: CropOptions = { seed: 3, cropSamples: () => 40, batchSize: 2, firstStep: 0 };

async function take(
  count: number,
  options: Partial<CropOptions> = {},
  from = utterances,
): Promise<CropBatch[]> {
  const batches: CropBatch[] = [];
  for await (const batch of cropStream(from, { ...base, ...options })) {
    batches.push(batch);
    if (batches.length === count) break;
  }
  return batches;
}

/** The rows of batches of crops of `length` samples. */
function rowsOf(batches: readonly CropBatch[], length: number): Float32Array[] {
  return batches.flatMap(({ samples }) =>
    Array.from({ length: samples.length / length }, (_, row) =>
      samples.slice(row * length, (row + 1) * length),
    ),
  );
}

/** The utterances and the start that a row was cut from, by trying every one. */
function originOf(row: Float32Array): {
  readonly head: number;
  readonly next: number;
  readonly start: number;
} {
  for (const [head, first] of audio.entries()) {
    for (const [next, second] of audio.entries()) {
      const joined = Float32Array.of(...first, ...second);
      for (let start = 0; start < first.length && start + row.length <= joined.length; start++) {
        const cut = normalizeWaveform(joined.slice(start, start + row.length));
        if (cut.every((sample, i) => sample === row[i])) return { head, next, start };
      }
    }
  }
  throw new Error('the row is not a crop of the utterances');
}

describe('cropStream', () => {
  it('cuts normalised crops; an epoch starts one in every utterance, the next epoch in another order', async () => {
    const rows = rowsOf(await take(7), 40);
    const heads = rows.map((row) => originOf(row).head);
    const [first, second] = [heads.slice(0, 7), heads.slice(7)];
    expect([...first].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([...second].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(second).not.toEqual(first);
    for (const row of rows) {
      const mean = row.reduce((sum, value) => sum + value, 0) / 40;
      expect(mean).toBeCloseTo(0, 6);
      expect(row.reduce((sum, value) => sum + value * value, 0) / 40).toBeCloseTo(1, 3);
    }
  });

  it('goes on with the next utterance of the list where one is too short, without padding', async () => {
    const origins = rowsOf(await take(4, { cropSamples: () => 74 }), 74).map(originOf);
    const firstEpoch = origins
      .slice(0, 7)
      .map((origin, i) => ({ ...origin, following: origins[i + 1]?.head }));
    const joined = firstEpoch.filter(({ head }) => (lengths[head] as number) < 74);
    expect(joined.map(({ head }) => lengths[head]).sort()).toEqual([30, 45]);
    expect(joined.map(({ next }) => next)).toEqual(joined.map(({ following }) => following));
  });

  it('joins as many as it needs, also when a crop is longer than the whole corpus', async () => {
    const [batch] = await take(1, { cropSamples: () => 2000, batchSize: 1 });
    expect(batch?.samples).toHaveLength(2000);
    expect(batch?.samples.filter((sample) => sample === 0)).toHaveLength(0);
  });

  it('starts crops at places that differ from epoch to epoch', async () => {
    const longest = utterances.slice(3, 4);
    const rows = rowsOf(await take(16, { batchSize: 1 }, longest), 40);
    expect(new Set(rows.map((row) => originOf(row).start)).size).toBeGreaterThan(10);
  });

  it('resumes at any step with the batches of an uninterrupted run, also where the crop length changes', async () => {
    const options = { cropSamples: (step: number) => (step < 4 ? 40 : 100), batchSize: 3 };
    const whole = await take(8, options);
    expect(whole.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const firstStep of [1, 4, 6]) {
      expect(await take(8 - firstStep, { ...options, firstStep })).toEqual(whole.slice(firstStep));
    }
  });

  it('gives the same batches whatever the cache holds, and others for another seed', async () => {
    const whole = await take(6);
    expect(await take(6, { cacheBytes: 0 })).toEqual(whole);
    expect(await take(6, { cacheBytes: 700 })).toEqual(whole);
    expect(await take(6, { seed: 4 })).not.toEqual(whole);
  });

  it('names the line of an utterance whose audio cannot be read', async () => {
    await writeFile(join(folder, 'bad.wav'), 'not audio');
    await writeManifest(join(folder, 'bad.csv'), [{ id: 'b', path: 'bad.wav', split: 'train' }]);
    const bad = await loadUtterances(join(folder, 'bad.csv'));
    await expect(take(1, {}, bad)).rejects.toThrow(
      `${join(folder, 'bad.csv')}:2: utterance 'b': ${join(folder, 'bad.wav')}: is not a supported audio file`,
    );
  });
});
