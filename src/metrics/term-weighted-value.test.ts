/** @file The maximum term-weighted value against its definition written out, and what is defined at its edges. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapInterval } from './bootstrap.js';
import { falseAlarmWeight, type QueryTrial, termWeightedStatistic } from './term-weighted-value.js';

const trial = (query: string, score: number, occurs: boolean): QueryTrial => ({ query, score, occurs });

/** The definition, threshold by threshold: 1 - mean over queries of (P_miss + 12.49 P_fa). */
function byDefinition(trials: readonly QueryTrial[]): number {
  const queries = [...new Set(trials.map(({ query }) => query))].filter((query) =>
    trials.some((one) => one.query === query && one.occurs),
  );
  const valueAt = (threshold: number): number => {
    const losses = queries.map((query) => {
      const own = trials.filter((one) => one.query === query);
      const [there, elsewhere] = [own.filter((one) => one.occurs), own.filter((one) => !one.occurs)];
      const missed = there.filter(({ score }) => score < threshold).length / there.length;
      const alarms = elsewhere.filter(({ score }) => score >= threshold).length;
      return missed + (elsewhere.length === 0 ? 0 : (12.49 * alarms) / elsewhere.length);
    });
    return 1 - losses.reduce((sum, loss) => sum + loss, 0) / queries.length;
  };
  return Math.max(...[...trials.map(({ score }) => score), Number.POSITIVE_INFINITY].map(valueAt));
}

describe('the maximum term-weighted value', () => {
  it('weighs false alarms by 12.49, as a prior of 0.0008 and costs of 1 and 100 do', () => {
    expect(falseAlarmWeight).toBeCloseTo(12.49, 12);
  });

  // a: found at 3 of 1; b: 2 occurrences, one of them found above the false alarm at 1.5, of 100 other documents.
  // At 2: a misses nothing, b misses one of two: 1 - (0 + 0.5) / 2 = 0.75. At 1: one alarm of 100 for each query that has
  // it: 1 - (0 + 12.49 / 100) / 2 = 0.93755.
  it('is what a calculation by hand gives', () => {
    const others = (query: string, count: number) =>
      Array.from({ length: count }, (_, i) => trial(query, -1 - i, false));
    const trials = [
      trial('a', 3, true),
      ...others('a', 100),
      trial('b', 2, true),
      trial('b', 1, true),
      trial('b', 1.5, false),
      ...others('b', 99),
    ];
    expect(termWeightedStatistic(trials).value).toBeCloseTo(0.93755, 12);
    expect(termWeightedStatistic(trials.filter(({ score }) => score !== 1)).value).toBeCloseTo(1, 12);
  });

  it('is the best over all thresholds of the definition, ties found together', () => {
    const rows = fc.array(
      fc.record({
        query: fc.constantFrom('a', 'b', 'c'),
        score: fc.integer({ min: -3, max: 3 }),
        occurs: fc.boolean(),
      }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(rows, (trials) => {
        fc.pre(trials.some(({ occurs }) => occurs));
        expect(termWeightedStatistic(trials).value).toBeCloseTo(Math.max(0, byDefinition(trials)), 9);
      }),
    );
  });

  it('leaves out queries that occur nowhere, and finds nothing where that is best', () => {
    const trials = [trial('a', 1, true), trial('a', 0, false), trial('nowhere', 5, false)];
    expect(termWeightedStatistic(trials)).toMatchObject({ value: 1, units: ['a'] });
    expect(termWeightedStatistic([trial('a', 0, true), trial('a', 1, false)]).value).toBe(0);
  });

  it('counts what a greater ground truth has', () => {
    const trials = [trial('a', 1, true), trial('a', 0, true), trial('a', 0.5, false)];
    const counts = new Map([['a', { occurrences: 4, others: 1000 }]]);
    // Of 4 occurrences 2 are found with 1 alarm of 1000; three more queries are missed altogether.
    expect(termWeightedStatistic(trials, { queries: 4, counts }).value).toBeCloseTo((0.5 - 0.01249) / 4, 12);
    expect(() => termWeightedStatistic(trials, { queries: 4, counts: new Map() })).toThrow(
      /the ground truth has no query 'a'/,
    );
  });

  it('refuses trials without an occurrence, and scores that are no numbers', () => {
    expect(() => termWeightedStatistic([trial('a', 1, false)])).toThrow(
      /no query occurs in any document \(1 pairs\)/,
    );
    expect(() => termWeightedStatistic([trial('a', Number.NaN, true)])).toThrow(/pair 1 of 1 has no score/);
  });

  it('of all queries drawn once is itself, and an interval holds it', () => {
    const trials = ['a', 'b', 'c', 'd'].flatMap((query, i) => [
      trial(query, 2 - i, true),
      ...Array.from({ length: 50 }, (_, j) => trial(query, 1.5 - j / 10, false)),
    ]);
    const statistic = termWeightedStatistic(trials);
    expect(statistic.redraw(Int32Array.from([3, 1, 0, 2]))).toBeCloseTo(statistic.value, 12);
    const [low, high] = bootstrapInterval(statistic, { seed: 1 });
    expect(low).toBeLessThan(statistic.value);
    expect(high).toBeGreaterThanOrEqual(statistic.value);
  });
});
