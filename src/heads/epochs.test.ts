/** @file Tests of draws from a train split. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { epochDrawer, rowDrawer, trainUtterances } from './epochs.js';

test('an epoch holds every item once, in an order of its own, whatever was drawn before', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 99 }), (count, seed) => {
      const draw = epochDrawer(seed, count);
      const draws = Array.from({ length: 4 * count }, (_, i) => draw(i));
      for (let epoch = 0; epoch < 4; epoch++)
        expect(draws.slice(epoch * count, (epoch + 1) * count).sort((a, b) => a - b)).toEqual(
          Array.from({ length: count }, (_, i) => i),
        );
      const later = epochDrawer(seed, count);
      expect([3 * count, 0, 2 * count].map(later)).toEqual([3 * count, 0, 2 * count].map((i) => draws[i]));
    }),
  );
});

test('crops of an utterance count once, and take turns', () => {
  const sources = ['a', 'b', 'b', 'b', 'c'];
  const places = { train: [0, 1, 2, 3, 4], dev: [], test: [] };
  const utterances = trainUtterances({ places, trainSources: sources });
  expect(utterances).toEqual([[0], [1, 2, 3], [4]]);
  const draw = rowDrawer(1, utterances);
  const epochs = Array.from({ length: 6 }, (_, epoch) => [0, 1, 2].map((i) => draw(3 * epoch + i)));
  for (const epoch of epochs) expect(epoch.map((row) => sources[row]).sort()).toEqual(['a', 'b', 'c']);
  const crops = epochs.map((epoch) => epoch.find((row) => sources[row] === 'b'));
  expect(new Set(crops.slice(0, 3)).size).toBe(3);
  expect(new Set(crops.slice(3)).size).toBe(3);
});
