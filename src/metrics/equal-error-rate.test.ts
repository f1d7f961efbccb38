/** @file Equal error rates against scikit-learn's ROC, and drawn over the two speakers of a trial. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { randomStream } from '../base/random.js';
import { bootstrapInterval } from './bootstrap.js';
import { equalErrorRate, equalErrorRateStatistic } from './equal-error-rate.js';
import type { StatisticMetric } from './metric-value.js';

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
  const names = [...'abcdefgh'];
  const random = randomStream(3, 'trials of eight speakers');
  const trials = names.flatMap((unit, i) =>
    names.slice(i).flatMap((otherUnit) =>
      Array.from({ length: 4 }, () => {
        const same = unit === otherUnit;
        return { score: (same ? 1.5 : -1.5) + random.normal(), same, unit, otherUnit };
      }),
    ),
  );
  const statistic = equalErrorRateStatistic(trials);
  expect(statistic.units).toEqual(names);
  /** How much farther from the value a draw lies than the rate of the trials as often as they are drawn. */
  const factorOf = (drawn: readonly number[]): number => {
    const times = names.map((_, place) => drawn.filter((one) => one === place).length);
    const repeated = trials.flatMap((trial) => {
      const [one, other] = [trial.unit, trial.otherUnit].map((unit) => times[names.indexOf(unit)] ?? 0);
      return new Array<typeof trial>((one ?? 0) * (trial.same ? 1 : (other ?? 0))).fill(trial);
    });
    return (
      (statistic.redraw(Int32Array.from(drawn)) - statistic.value) /
      (equalErrorRate(repeated) - statistic.value)
    );
  };
  const factor = factorOf([0, 0, 1, 2, 3, 4, 5, 5]);
  expect(factor).toBeGreaterThan(0.5);
  expect(factor).toBeLessThan(1.5);
  for (const drawn of [
    [2, 1, 2, 3, 7, 7, 7, 6],
    [0, 4, 4, 1, 6, 2, 3, 5],
  ])
    expect(factorOf(drawn)).toBeCloseTo(factor, 9);
  // One speaker has no trial of different ones.
  expect(statistic.redraw(new Int32Array(8))).toBeNaN();
});

test('draws of two speakers who say nothing about each trial vary as draws of single trials do', () => {
  const random = randomStream(5, 'trials without speakers');
  const speakers = 300;
  const trials = Array.from({ length: 2 * speakers }, (_, i) => {
    const same = i % 2 === 0;
    const [unit, other] = [i >> 1, same ? i >> 1 : ((i >> 1) + 1 + random.integer(speakers - 1)) % speakers];
    return { same, score: (same ? 1 : -1) + random.normal(), unit: `${unit}`, otherUnit: `${other}` };
  });
  const widthOf = (statistic: StatisticMetric): number => {
    const [low, high] = bootstrapInterval(statistic, { seed: 1, resamples: 400 });
    return high - low;
  };
  const alone = trials.map(({ same, score }, i) => ({ same, score, unit: `${i}` }));
  const ratio = widthOf(equalErrorRateStatistic(trials)) / widthOf(equalErrorRateStatistic(alone));
  expect(ratio).toBeGreaterThan(0.85);
  expect(ratio).toBeLessThan(1.15);
});
