/** @file Tests of batches of similar length. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { randomStream } from '../base/random.js';
import { bucketLength, lengthBatches } from './batches.js';

it('every index is in one batch, and at most one batch is not full', () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 60 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 9 }), fc.integer(), (values, batchSize, seed) => {
      const batches = lengthBatches(values, batchSize, [seed, 'batches']);
      expect(batches.flat().sort((a, b) => a - b)).toEqual(values.map((_, index) => index));
      expect(batches.filter((batch) => batch.length !== batchSize).length).toBeLessThanOrEqual(1);
      expect(Math.max(0, ...batches.map((batch) => batch.length))).toBeLessThanOrEqual(batchSize);
      expect(lengthBatches(values, batchSize, [seed, 'batches'])).toEqual(batches);
    }),
  );
});

it('little of a batch is padding, the batches are in random order, and epochs differ', () => {
  const random = randomStream(7, 'lengths');
  const lengths = Array.from({ length: 640 }, () => 100 + random.integer(1400));
  const batches = lengthBatches(lengths, 16, [7, 'asr', 0]);
  const longest = batches.map((batch) => Math.max(...batch.map((index) => lengths[index] as number)));
  const padded = longest.reduce((sum, length) => sum + 16 * length, 0);
  // One batch in random order would be padded to nearly 1500 a row: 1.8 times the sum.
  expect(padded / lengths.reduce((sum, length) => sum + length, 0)).toBeLessThan(1.1);
  const rises = longest.filter((length, i) => i > 0 && length > (longest[i - 1] as number)).length;
  expect(rises).toBeGreaterThan(10);
  expect(rises).toBeLessThan(30);
  const grouped = (epoch: number): Set<string> =>
    new Set(
      lengthBatches(lengths, 16, [7, 'asr', epoch]).map((batch) => [...batch].sort((a, b) => a - b).join()),
    );
  expect([...grouped(0)].filter((batch) => grouped(1).has(batch))).toEqual([]);
});

it('a batch size of zero is a mistake', () => {
  expect(() => lengthBatches([1], 0, [0, 'x'])).toThrow('batch size');
});

it('bucketLength gives the next multiple', () => {
  expect([0, 1, 50, 51, 100].map((length) => bucketLength(length, 50))).toEqual([0, 50, 50, 100, 100]);
});
