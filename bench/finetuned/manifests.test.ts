/** @file Ten minutes of a manifest: no more, the same every time, and nothing of dev and test is lost. */
import { expect, it } from 'vitest';
import type { Utterance } from '../../src/data/manifest.js';
import { limited } from './manifests.js';

const row = (split: string, i: number): Utterance => ({
  ...{ id: `${split}${i}`, path: `${i}.wav`, split, columns: {}, line: i + 2, manifest: 'm.csv' },
  durationSeconds: 2 + (i % 3),
});
const rows = ['train', 'dev', 'test'].flatMap((split) => Array.from({ length: 50 }, (_, i) => row(split, i)));

it('draws training rows up to so many seconds, in their order, and keeps all others', () => {
  const chosen = limited(rows, 60);
  const train = chosen.filter(({ split }) => split === 'train');
  const seconds = train.reduce((sum, { durationSeconds = 0 }) => sum + durationSeconds, 0);
  expect([seconds > 57, seconds <= 60, chosen.length - train.length]).toEqual([true, true, 100]);
  expect(train.map(({ line }) => line)).toEqual(train.map(({ line }) => line).toSorted((a, b) => a - b));
  expect(limited(rows, 60)).toEqual(chosen);
  // Not the first ones of the manifest alone.
  expect(train.at(-1)?.line).toBeGreaterThan(train.length + 2);
});
