/** @file Equal error rates against scikit-learn's ROC, and drawn over the two speakers of a trial. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { equalErrorRate, equalErrorRateStatistic } from './equal-error-rate.js';

/** Made by test/fixtures/scripts/equal_error_rate_cases.py. */
const { cases } = JSON.parse(
  readFileSync(new URL('../../test/fixtures/metrics/equal_error_rate_cases.json', import.meta.url), 'utf8'),
) as {
  readonly cases: readonly {
    readonly same: readonly number[];
    readonly scores: readonly number[];
    readonly equalErrorRate: number;
  }[];
};

test("is what scikit-learn's ROC gives on 100 lists of trials, many with equal scores", () => {
  expect(cases).toHaveLength(100);
  for (const { same, scores, equalErrorRate: wanted } of cases) {
    const trials = scores.map((score, i) => ({ score, same: same[i] === 1 }));
    expect(equalErrorRate(trials)).toBeCloseTo(wanted, 9);
  }
});

test('a trial of two speakers counts as often as both are drawn together, one of a speaker alone as often as that is', () => {
  const trials = [
    { score: 3, same: true, unit: 'a', otherUnit: 'a' },
    { score: 1, same: true, unit: 'b', otherUnit: 'b' },
    { score: 2, same: false, unit: 'a', otherUnit: 'b' },
    { score: 0, same: false, unit: 'c', otherUnit: 'b' },
    { score: 2.5, same: false, unit: 'a', otherUnit: 'c' },
  ];
  const statistic = equalErrorRateStatistic(trials);
  expect(statistic.units).toEqual(['a', 'b', 'c']);
  const repeated = (counts: readonly number[]) =>
    equalErrorRate(trials.flatMap((trial, i) => new Array<typeof trial>(counts[i] ?? 0).fill(trial)));
  // a twice, b once: the trial of a twice, that of b once, the one of both twice, none with c.
  expect(statistic.redraw(Int32Array.of(0, 0, 1))).toBeCloseTo(repeated([2, 1, 2, 0, 0]), 12);
  expect(statistic.redraw(Int32Array.of(2, 1, 2))).toBeCloseTo(repeated([0, 1, 0, 2, 0]), 12);
  // One speaker has no trial of different ones.
  expect(statistic.redraw(Int32Array.of(0, 0, 0))).toBeNaN();
});
