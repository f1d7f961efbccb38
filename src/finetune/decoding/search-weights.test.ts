/** @file The search of weights on error rates that are known. */
import { expect, test } from 'vitest';
import type { DecodingWeights } from '../../results/finetuning-file.js';
import { searchWeights } from './search-weights.js';

/** A bowl with its lowest point there. */
const bowl =
  (lm: number, word: number, silence: number) =>
  async (all: readonly DecodingWeights[]): Promise<number[]> =>
    all.map((w) => (w.lm - lm) ** 2 + (w.word - word) ** 2 + (w.silence - silence) ** 2 / 4);

test.each([
  // Published for wav2vec 2.0 Base on 10 minutes, and for data2vec 2.0 Large on 10 minutes and 1 hour.
  [3.23, -0.26, 0],
  [5, 2, -2],
  [6, -0.1, -4.7],
])('comes within its last step of weights %d, %d and silence %d', async (lm, word, silence) => {
  const { weights, tried } = await searchWeights(bowl(lm, word, silence));
  expect(Math.abs(weights.lm - lm)).toBeLessThanOrEqual(0.5);
  expect(Math.abs(weights.word - word)).toBeLessThanOrEqual(0.5);
  expect(Math.abs(weights.silence - silence)).toBeLessThanOrEqual(2);
  expect(tried.length).toBeLessThanOrEqual(64);
  const least = Math.min(...tried.map(({ wer }) => wer));
  expect(tried.find(({ wer }) => wer === least)?.weights).toEqual(weights);
  expect(new Set(tried.map((each) => JSON.stringify(each.weights))).size).toBe(tried.length);
});

test("stays at fairseq's weights where nothing is better, and never counts the model less than nothing", async () => {
  const asked: DecodingWeights[] = [];
  const { weights } = await searchWeights(async (all) => {
    asked.push(...all);
    return all.map(() => 0.5);
  });
  expect(weights).toEqual({ lm: 2, word: -1, silence: 0 });
  const { tried } = await searchWeights(bowl(0, -3, 0));
  expect(Math.min(...tried.map((each) => each.weights.lm))).toBeGreaterThanOrEqual(0);
  expect((await searchWeights(bowl(0, -3, 0))).tried).toEqual(tried);
  expect(asked[0]).toEqual(weights);
});
