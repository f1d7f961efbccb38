/** @file Bootstrap intervals: their laws, and their agreement with the normal approximation. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapInterval } from './bootstrap.js';
import { ratioOfSums, type Share } from './shares.js';

const share: fc.Arbitrary<Share> = fc.record({
  numerator: fc.integer({ min: 0, max: 20 }),
  denominator: fc.integer({ min: 1, max: 20 }),
});
const shares = fc.array(share, { minLength: 1, maxLength: 30 });
const rightOf = (right: number, all: number): Share[] =>
  Array.from({ length: all }, (_, i) => ({ numerator: i < right ? 1 : 0, denominator: 1 }));

describe('bootstrapInterval', () => {
  it('agrees with the normal approximation of a proportion: 0.8 of 400 gives 0.8 ± 1.96 · 0.02', () => {
    const [low, high] = bootstrapInterval(rightOf(320, 400), { seed: 1, resamples: 4000 });
    expect(low).toBeCloseTo(0.8 - 1.96 * Math.sqrt((0.8 * 0.2) / 400), 2);
    expect(high).toBeCloseTo(0.8 + 1.96 * Math.sqrt((0.8 * 0.2) / 400), 2);
  });

  it('gives the same interval for the same seed, and another for another seed', () => {
    const data = rightOf(37, 100);
    const interval = bootstrapInterval(data, { seed: 5 });
    expect(bootstrapInterval(data, { seed: 5 })).toEqual(interval);
    expect(bootstrapInterval(data, { seed: 6 })).not.toEqual(interval);
  });

  it('is a point when every utterance is alike', () => {
    expect(bootstrapInterval(rightOf(9, 9), { seed: 3 })).toEqual([1, 1]);
  });

  it('stays within the smallest and the largest ratio of an utterance', () => {
    fc.assert(
      fc.property(shares, fc.integer(), (data, seed) => {
        const [low, high] = bootstrapInterval(data, { seed, resamples: 50 });
        const ratios = data.map((one) => ratioOfSums([one]));
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(Math.min(...ratios) - 1e-12);
        expect(high).toBeLessThanOrEqual(Math.max(...ratios) + 1e-12);
      }),
    );
  });

  it('is nested: a lower level lies inside a higher one', () => {
    fc.assert(
      fc.property(shares, (data) => {
        const [outerLow, outerHigh] = bootstrapInterval(data, { seed: 1, resamples: 100, level: 0.95 });
        const [low, high] = bootstrapInterval(data, { seed: 1, resamples: 100, level: 0.5 });
        expect(low).toBeGreaterThanOrEqual(outerLow);
        expect(high).toBeLessThanOrEqual(outerHigh);
      }),
    );
  });

  it('draws again where a drawn corpus has nothing to count', () => {
    const data = [
      { numerator: 1, denominator: 2 },
      { numerator: 0, denominator: 0 },
      { numerator: 0, denominator: 0 },
    ];
    expect(bootstrapInterval(data, { seed: 1 })).toEqual([0.5, 0.5]);
  });

  it('refuses utterances with nothing to count', () => {
    expect(() => bootstrapInterval([], { seed: 1 })).toThrow(/the metric is undefined/);
  });
});
