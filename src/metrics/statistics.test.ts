/** @file Tests of two systems, corrections and summaries: hand calculations and laws. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import studentCases from '../../test/fixtures/student/quantiles.json' with { type: 'json' };
import { randomStream } from '../base/random.js';
import { alignUnits } from './alignment.js';
import { bootstrapInterval } from './bootstrap.js';
import { bundled, sumByCluster } from './clusters.js';
import { confusionMatrix, macroF1 } from './confusion.js';
import { equalErrorRate } from './equal-error-rate.js';
import { holm } from './holm.js';
import { varianceRatioChance } from './incomplete-beta.js';
import { matchedPairs, placedErrors } from './matched-pairs.js';
import { mixedDifference, mixedInterval } from './mixed.js';
import { pairedBootstrap } from './paired.js';
import { twoSidedNormal } from './quantile.js';
import { overSeeds } from './seeds.js';
import { ratioOfSums, type Share } from './shares.js';
import { student95, twoSidedStudent } from './student.js';

const marks = (pattern: string): Share[] =>
  [...pattern].map((mark) => ({ numerator: Number(mark), denominator: 1 }));

describe('sumByCluster', () => {
  it('adds the utterances of a speaker', () => {
    expect(sumByCluster(marks('1101'), ['a', 'b', 'a', 'b'])).toEqual([
      { numerator: 1, denominator: 2 },
      { numerator: 2, denominator: 2 },
    ]);
  });
});

describe('pairedBootstrap', () => {
  it('finds no difference between a system and itself', () => {
    const { difference, interval, pValue } = pairedBootstrap(marks('1010'), marks('1010'), { seed: 1 });
    expect([difference, ...interval, pValue]).toEqual([0, 0, 0, 1]);
  });

  it('is surer of a difference than two intervals that overlap', () => {
    const first = marks('10'.repeat(100));
    const second = first.map((share, i) => (i < 12 ? { numerator: 1, denominator: 1 } : share));
    const { difference, interval, pValue } = pairedBootstrap(first, second, { seed: 2 });
    expect(difference).toBeCloseTo(0.03, 12);
    expect(interval[0]).toBeGreaterThan(0);
    expect(pValue).toBeLessThan(0.05);
  });

  it('gives p-values that survive a correction over a thousand cells: 60 of 200 better is no chance', () => {
    const first = marks('0'.repeat(200));
    const second = marks('1'.repeat(60) + '0'.repeat(140));
    expect(pairedBootstrap(first, second, { seed: 4 }).pValue * 1000).toBeLessThan(0.001);
  });

  it('does not call a handful of chance differences significant', () => {
    expect(pairedBootstrap(marks('1100110011'), marks('1010110011'), { seed: 3 }).pValue).toBeGreaterThan(
      0.5,
    );
  });
});

describe('matchedPairs', () => {
  const align = (hypothesis: string) =>
    placedErrors(alignUnits('a b c d e f g h'.split(' '), hypothesis.split(' ')));

  it('cuts where both have two words in a row right: errors at a and at e are two segments', () => {
    const { segments, meanDifference } = matchedPairs([align('a b c d e f g h')], [align('x b c d x f g h')]);
    expect([segments, meanDifference]).toEqual([2, 1]);
  });

  it('keeps errors together with but one right word between them', () => {
    expect(matchedPairs([align('x b x d e f g h')], [align('a b c d e f g h')])).toMatchObject({
      segments: 1,
      meanDifference: -2,
      pValue: 1,
    });
  });

  it('gives the p-value of a paired z-test: differences 1, 1, 1, -1 give z = 1', () => {
    const right = align('a b c d e f g h');
    const wrong = align('x b c d e f g h');
    const result = matchedPairs([right, right, right, wrong], [wrong, wrong, wrong, right]);
    // Mean 0.5, variance (3 · 0.25 + 2.25) / 3 = 1, standard error 0.5; P(|Z| > 1) = 0.3173.
    expect(result.pValue).toBeCloseTo(0.3173, 4);
  });
});

describe('twoSidedNormal', () => {
  it('knows 1.96 and zero', () => {
    expect(twoSidedNormal(1.959964)).toBeCloseTo(0.05, 6);
    expect(twoSidedNormal(0)).toBeCloseTo(1, 6);
  });
});

describe('holm', () => {
  it('multiplies the smallest by all, the next by one fewer, and never goes down', () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    [0.03, 0.06, 0.06, 0.02].forEach((wanted, i) => {
      expect(adjusted[i]).toBeCloseTo(wanted, 12);
    });
  });

  it('never makes a p-value smaller, nor changes their order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (pValues) => {
        const adjusted = holm(pValues);
        pValues.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          pValues.forEach((q, j) => {
            if (p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j] as number);
          });
        });
      }),
    );
  });
});

describe('overSeeds', () => {
  it('gives mean and sample deviation: 1, 2, 3 give 2 and 1', () => {
    expect(overSeeds([1, 2, 3])).toEqual({ mean: 2, deviation: 1, seeds: 3 });
    expect(overSeeds([4])).toEqual({ mean: 4, deviation: 0, seeds: 1 });
  });
});

describe('mixedInterval', () => {
  it('is the own interval of a single seed', () => {
    const [low, high] = mixedInterval([{ value: 0.5, interval: [0.4, 0.7] }]);
    expect(low).toBeCloseTo(0.4, 12);
    expect(high).toBeCloseTo(0.7, 12);
  });

  it('adds the variances of seeds and of utterances', () => {
    const [low, high] = mixedInterval(
      [1, 2, 3].map((value) => ({ value, interval: [value - 1, value + 1] })),
    );
    // 1/3 + (1/1.95996)² = 0.59365; 2 · 0.59365² / (1/3)² = 6.3436 degrees: t = 2.41514 (scipy); times sqrt(0.59365): 1.86084.
    expect(low).toBeCloseTo(2 - 1.86084, 5);
    expect(high).toBeCloseTo(2 + 1.86084, 5);
  });
});

describe('twoSidedStudent', () => {
  // Any table of Student's t: 95 % and 99 % two-sided.
  it.each([
    [12.706, 1, 0.05],
    [4.303, 2, 0.05],
    [2.571, 5, 0.05],
    [2.228, 10, 0.05],
    [63.657, 1, 0.01],
    [2.75, 30, 0.01],
  ])('of %d with %d degrees is %d', (t, degrees, chance) => {
    expect(twoSidedStudent(t, degrees)).toBeCloseTo(chance, 4);
    expect(twoSidedStudent(-t, degrees)).toBe(twoSidedStudent(t, degrees));
  });

  it('is 2/3 at 1/sqrt(3) with one degree (Cauchy), 1 at zero, the normal without end', () => {
    expect(twoSidedStudent(1 / Math.sqrt(3), 1)).toBeCloseTo(2 / 3, 12);
    expect(twoSidedStudent(0, 3)).toBe(1);
    expect(twoSidedStudent(1.959964, 1e9)).toBeCloseTo(0.05, 6);
  });
});

describe('student95', () => {
  it.each(studentCases)('of %s degrees is what scipy gives', (degrees, quantile) => {
    // The normal's own p-values are good to seven digits.
    expect(student95(degrees ?? Number.POSITIVE_INFINITY)).toBeCloseTo(quantile ?? 0, degrees ? 9 : 6);
  });
});

describe('varianceRatioChance', () => {
  it.each([
    [3.2, 4, 14, 0.046107425992],
    [1, 2, 2, 0.5],
    [19.0, 2, 2, 0.05],
    [0.4, 3, 7, 0.757502471755],
  ])('of a ratio of %s at %s and %s degrees is what scipy gives', (ratio, above, below, chance) => {
    expect(varianceRatioChance(ratio, above, below)).toBeCloseTo(chance, 10);
  });
});

describe('mixedDifference', () => {
  const paired = { difference: 1, interval: [0.02, 1.98], pValue: 0.0455, standardError: 0.5 } as const;

  it('is the paired one where there is one seed each, or where seeds never differ', () => {
    expect(mixedDifference(paired, [1], [2])).toBe(paired);
    expect(mixedDifference(paired, [1, 1], [2, 2])).toBe(paired);
  });

  it('adds the variance of the seeds of both', () => {
    const { interval, pValue } = mixedDifference(paired, [1, 2, 3], [2, 3, 4]);
    // 1/3 + 1/3 + (0.98/1.95996)² = 0.91668; 0.91668² / (2 · (1/3)² / 2) = 7.5627 degrees: t = 2.32942 (scipy); reach 2.23026.
    expect(interval[0]).toBeCloseTo(1 - 2.23026, 5);
    expect(interval[1]).toBeCloseTo(1 + 2.23026, 5);
    expect(pValue).toBeCloseTo(twoSidedStudent(1 / Math.sqrt(0.9167), 7.5625), 4);
    expect(pValue).toBeGreaterThan(0.3);
  });

  it('takes a lone seed to vary as the others do: deviation 1, variance 1 + 1/3, two degrees', () => {
    const { interval } = mixedDifference(paired, [1], [1, 2, 3]);
    // 4/3 + 0.25 = 1.58334; 1.58334² / ((4/3)² / 2) = 2.82035 degrees: t = 3.30026 (scipy); reach 4.15275.
    expect(interval[1]).toBeCloseTo(1 + 4.15275, 5);
  });

  it('takes one variance from all systems that vary alike, with the degrees of freedom of all', () => {
    const others = [
      [0, 2, 4],
      [5, 5, 5],
    ];
    const { interval, pValue } = mixedDifference(paired, [1, 2, 3], [2, 3, 4], others);
    // Squares 2 + 2 + 8 + 0 over 8 degrees: 1.5, of the means 1; with (0.98/1.95996)² 1.25001, 12.5001 degrees (scipy).
    expect(interval[1]).toBeCloseTo(1 + 2.42523, 4);
    expect(pValue).toBeCloseTo(0.38799, 4);
  });

  it('leaves systems that vary more than the others what is theirs', () => {
    const calm = [
      [1, 1.1, 0.9],
      [2, 2.1, 1.9],
      [3, 3.1, 2.9],
    ];
    const wild = mixedDifference(paired, [1, 5, 9], [2, 3, 4]);
    expect(mixedDifference(paired, [1, 5, 9], [2, 3, 4], calm)).toEqual(wild);
  });

  it('has a p-value below 5 % exactly where its interval excludes zero, however lopsided the paired one is', () => {
    const value = fc.double({ min: -1, max: 1, noNaN: true });
    const width = fc.double({ min: 0.01, max: 2, noNaN: true });
    const seeds = fc.array(
      fc.nat(100).map((percent) => percent / 100),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(value, width, width, seeds, seeds, (difference, below, above, first, second) => {
        fc.pre(new Set(first).size > 1 || new Set(second).size > 1);
        const interval = [difference - below, difference + above] as const;
        const mixed = mixedDifference({ ...paired, difference, interval }, first, second);
        const excludes = mixed.interval[0] > 0 || mixed.interval[1] < 0;
        // At 5 % sharp, rounding decides.
        if (Math.abs(mixed.pValue - 0.05) > 1e-9) expect(mixed.pValue < 0.05).toBe(excludes);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('bundled', () => {
  it('keeps few shares as they are and the sums of many', () => {
    const few = marks('110');
    expect(bundled(few)).toBe(few);
    const many = marks('10'.repeat(12_345));
    const sums = bundled(many);
    expect(sums).toHaveLength(10_000);
    expect(ratioOfSums(sums)).toBe(ratioOfSums(many));
  });

  it('gives the interval of the shares themselves, but for chance: 0.5 of 40,000 is 0.5 ± 1.96 · 0.0025', () => {
    const random = randomStream(1, 'answers');
    const answers = Array.from({ length: 40_000 }, () => ({ numerator: random.integer(2), denominator: 1 }));
    const [low, high] = bootstrapInterval(answers, { seed: 1 });
    expect((high - low) / 2).toBeGreaterThan(0.0045);
    expect((high - low) / 2).toBeLessThan(0.0053);
  });
});

describe('confusionMatrix and macroF1', () => {
  const confusion = confusionMatrix(['a', 'b', 'b', 'c'], ['a', 'a', 'b', 'b']);

  it('counts references by row and predictions by column', () => {
    expect(confusion).toEqual({
      classes: ['a', 'b', 'c'],
      counts: [
        [1, 1, 0],
        [0, 1, 1],
        [0, 0, 0],
      ],
    });
  });

  it('averages the F1 of the classes: 2/3, 2/4 and 0 give 7/18', () => {
    expect(macroF1(confusion)).toBeCloseTo(7 / 18, 12);
  });
});

describe('equalErrorRate', () => {
  const trials = (text: string) => [...text].map((kind, i) => ({ score: -i, same: kind === '+' }));

  it('is 0 where all targets score higher, 1 where all score lower', () => {
    expect(equalErrorRate(trials('++--'))).toBe(0);
    expect(equalErrorRate(trials('--++'))).toBe(1);
  });

  it('finds the crossing: one of three on each side', () => {
    expect(equalErrorRate(trials('++-+--'))).toBeCloseTo(1 / 3, 12);
  });

  it('takes scores that are all equal as a guess', () => {
    expect(equalErrorRate([true, false].map((same) => ({ score: 1, same })))).toBe(0.5);
  });

  it('needs trials of both kinds', () => {
    expect(() => equalErrorRate(trials('++'))).toThrow(/needs both/);
  });
});
