/** @file Crops of utterances: where they lie, that they are seeded, and what stays whole. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAudio, writeWav } from '../audio/index.js';
import { cropper } from './cropping.js';
import type { Utterance } from './rows.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-crops-'));
  await writeWav(join(folder, 'a.wav'), new Float32Array(16000).fill(0.1), 16000);
  await writeFile(join(folder, 'broken.wav'), 'no audio');
});
afterAll(() => rm(folder, { recursive: true }));

const utterance = (id: string, more: Partial<Utterance> = {}): Utterance => ({
  id,
  path: join(folder, 'a.wav'),
  split: 'train',
  columns: { speaker: 's' },
  line: 2,
  manifest: 'm.csv',
  ...more,
});
const settings = { seconds: 8, perUtterance: 3, seed: 1337 };

test('crops lie in their utterance, over all of it', async () => {
  const ids = Array.from({ length: 200 }, (_, i) => `u${i}`);
  const whole = { startSeconds: 2, durationSeconds: 10 };
  const crops = (await Promise.all(ids.map((id) => cropper(settings)(utterance(id, whole))))).flat();
  expect(crops).toHaveLength(600);
  const starts = crops.map(({ startSeconds }) => startSeconds as number);
  expect(Math.min(...starts)).toBeGreaterThanOrEqual(2);
  expect(Math.min(...starts)).toBeLessThan(2.1);
  expect(Math.max(...starts)).toBeLessThanOrEqual(4);
  expect(Math.max(...starts)).toBeGreaterThan(3.9);
  expect(new Set(crops.map(({ id }) => id)).size).toBe(600);
  expect(crops[1]).toMatchObject({ id: 'u0#crop-1', cropOf: 'u0', durationSeconds: 8, line: 2 });
});

test('the same seed gives the same crops, another seed others', async () => {
  const whole = utterance('u', { durationSeconds: 20 });
  const crops = await cropper(settings)(whole);
  expect(await cropper(settings)(whole)).toEqual(crops);
  expect(await cropper({ ...settings, seed: 1 })(whole)).not.toEqual(crops);
});

test('an utterance that is no longer than a crop stays itself, and so does audio that cannot be read', async () => {
  for (const single of [
    utterance('short', { durationSeconds: 8 }),
    utterance('file'),
    utterance('broken', { path: join(folder, 'broken.wav') }),
  ])
    expect(await cropper(settings)(single)).toEqual([single]);
});

test("where the row does not say it, the file's header says how long it is", async () => {
  const crops = await cropper({ ...settings, seconds: 0.25 })(utterance('u', { startSeconds: 0.5 }));
  expect(crops).toHaveLength(3);
  for (const { path, startSeconds, durationSeconds } of crops) {
    expect(startSeconds).toBeGreaterThanOrEqual(0.5);
    expect(await readAudio(path, { startSeconds, durationSeconds })).toHaveLength(4000);
  }
});
