/** @file The smaller version of the coverage simulation: bench/coverage/coverage.ts prints the full one. */
import { describe, expect, it } from 'vitest';
import { simulateCoverage } from './simulate.js';

describe('95 % intervals', () => {
  const coverages = simulateCoverage({ testSets: 300, resamples: 200, seed: 7 });
  const right = coverages.filter(({ what }) => !what.includes('too narrow'));

  // 300 test sets: the standard error of a share of 0.95 is 0.0126, so three of them below are 0.91.
  it.each(right)('hold the truth: $what', ({ held }) => {
    expect(held).toBeGreaterThan(0.91);
    expect(held).toBeLessThan(0.99);
  });

  it('are too narrow over utterances where speakers differ', () => {
    expect(coverages.find(({ what }) => what.includes('too narrow'))?.held).toBeLessThan(0.91);
  });
});
