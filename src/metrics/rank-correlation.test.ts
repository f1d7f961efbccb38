/** @file Spearman's rank correlation, by hand and by its laws. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankCorrelation } from './rank-correlation.js';

describe('the rank correlation', () => {
  it('without ties is 1 - 6 sum(d^2) / (n (n^2 - 1))', () => {
    // Ranks 1 2 3 4 5 against 2 1 4 3 5: four differences of 1, so 1 - 6 * 4 / (5 * 24).
    expect(rankCorrelation([10, 20, 30, 40, 50], [7, 3, 9, 8, 11])).toBeCloseTo(0.8, 12);
  });

  it('gives ties the mean of their ranks', () => {
    // Ranks 1 2.5 2.5 4 against 1 2 3 4: covariance 4.5, variances 4.5 and 5.
    expect(rankCorrelation([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
  });

  it('is not there where nothing varies', () => {
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBeUndefined();
    expect(rankCorrelation([1], [1])).toBeUndefined();
  });

  it('does not change where values change but not their order, and turns with the order', () => {
    const values = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 3, maxLength: 30 });
    fc.assert(
      fc.property(values, fc.nat(), (x, shift) => {
        const y = x.map((_, i) => x[(i + shift) % x.length] as number);
        const known = rankCorrelation(x, y) as number;
        expect(
          rankCorrelation(
            x.map((v) => v ** 3 + 5),
            y,
          ),
        ).toBeCloseTo(known, 10);
        expect(
          rankCorrelation(
            x.map((v) => -v),
            y,
          ),
        ).toBeCloseTo(-known, 10);
        expect(rankCorrelation(x, x)).toBeCloseTo(1, 10);
      }),
    );
  });
});
