/** @file Ten minutes of a manifest: no more, the same every time, and nothing of dev and test is lost. */
import { expect, it } from 'vitest';
import type { Utterance } from '../../src/data/manifest.js';
import type { Row } from '../recorded/manifests.js';
import { limited, withoutTestWords } from './manifests.js';

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

it('leaves out training lines with a word of the test split, but for the most frequent words of training', () => {
  const said = (split: Row['split'], ...texts: string[]): Row[] =>
    texts.map((text, i) => ({ id: `${split}${i}`, path: '', split, durationSeconds: 1, text }));
  const train = said('train', 'DE VIS', 'DE BOOT', 'DE ZEE IS DIEP', 'IS ER LICHT');
  const others = [...said('dev', 'DE BOOT VAART'), ...said('test', 'DE BOOT IS LEK')];
  const kept = (most: number): string[] =>
    withoutTestWords([...train, ...others], most).map(({ text }) => String(text));
  expect(kept(1)).toEqual(['DE VIS', 'DE BOOT VAART', 'DE BOOT IS LEK']);
  expect(kept(2)).toEqual(['DE VIS', 'DE ZEE IS DIEP', 'IS ER LICHT', 'DE BOOT VAART', 'DE BOOT IS LEK']);
});
