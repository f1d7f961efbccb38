/** @file Statistics that are redrawn: equal to the metric of what was drawn, and bootstrapped like ratios of sums. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../base/random.js';
import { bootstrapInterval } from './bootstrap.js';
import { confusionMatrix, macroF1, macroF1Statistic } from './confusion.js';
import { equalErrorRate, equalErrorRateStatistic, type GroupedTrial } from './equal-error-rate.js';
import type { StatisticMetric } from './metric-value.js';
import { pairedBootstrap } from './paired.js';
import { meanStatistic, withUnitsInOrder } from './statistic.js';

/** Draws of so many units. */
const draw = (units: number) =>
  fc.array(fc.nat(units - 1), { minLength: units, maxLength: units }).map((list) => Int32Array.from(list));

/** The items whose unit was drawn, as often as it was. */
function drawnItems<T>(items: readonly T[], unitOf: readonly string[], names: readonly string[]): T[] {
  return names.flatMap((name) => items.filter((_, i) => unitOf[i] === name));
}

describe('equalErrorRateStatistic', () => {
  const trial: fc.Arbitrary<GroupedTrial> = fc.record({
    score: fc.integer({ min: 0, max: 5 }),
    same: fc.boolean(),
    unit: fc.constantFrom('a', 'b', 'c', 'd'),
  });
  const trials = fc
    .array(trial, { minLength: 2, maxLength: 20 })
    .filter((list) => list.some(({ same }) => same) && list.some(({ same }) => !same));

  it('is the equal error rate of the trials of the drawn units, and NaN where one kind is missing', () => {
    fc.assert(
      fc.property(
        trials.chain((list) => fc.tuple(fc.constant(list), draw(new Set(list.map((t) => t.unit)).size))),
        ([list, drawn]) => {
          const statistic = equalErrorRateStatistic(list);
          expect(statistic.value).toBe(equalErrorRate(list));
          const names = [...drawn].map((place) => statistic.units[place] as string);
          const own = drawnItems(
            list,
            list.map(({ unit }) => unit),
            names,
          );
          if (own.every(({ same }) => same) || own.every(({ same }) => !same))
            expect(statistic.redraw(drawn)).toBeNaN();
          else expect(statistic.redraw(drawn)).toBeCloseTo(equalErrorRate(own), 12);
        },
      ),
    );
  });

  it('refuses a score that is no number', () => {
    const list = [true, false].map((same) => ({ score: same ? Number.NaN : 0, same, unit: 'a' }));
    expect(() => equalErrorRateStatistic(list)).toThrow(/trial 1 of 2 has no score/);
  });
});

describe('macroF1Statistic', () => {
  const label = fc.constantFrom('yes', 'no', 'up');
  const row = fc.record({ prediction: label, reference: label, unit: fc.constantFrom('a', 'b', 'c') });

  it('is the macro F1 of the rows of the drawn units', () => {
    fc.assert(
      fc.property(
        fc
          .array(row, { minLength: 1, maxLength: 20 })
          .chain((rows) => fc.tuple(fc.constant(rows), draw(new Set(rows.map(({ unit }) => unit)).size))),
        ([rows, drawn]) => {
          const f1 = (list: typeof rows): number =>
            macroF1(
              confusionMatrix(
                list.map(({ prediction }) => prediction),
                list.map(({ reference }) => reference),
              ),
            );
          const unitOf = rows.map(({ unit }) => unit);
          const statistic = macroF1Statistic(
            rows.map(({ prediction }) => prediction),
            rows.map(({ reference }) => reference),
            unitOf,
          );
          expect(statistic.value).toBe(f1(rows));
          const names = [...drawn].map((place) => statistic.units[place] as string);
          expect(statistic.redraw(drawn)).toBeCloseTo(f1(drawnItems(rows, unitOf, names)), 12);
        },
      ),
    );
  });
});

/** A mean as a statistic of its values. */
function meanOf(values: readonly number[], names: readonly string[] = values.map(String)): StatisticMetric {
  const mean = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length;
  return {
    value: mean(values),
    units: names,
    redraw: (drawn) => mean([...drawn].map((place) => values[place] as number)),
  };
}

describe('a bootstrap of a statistic', () => {
  const random = randomStream(3, 'values');
  const [first, second] = [0, 1].map(() => Array.from({ length: 50 }, () => random.integer(10)));
  const shares = (values: readonly number[] = []) =>
    values.map((numerator) => ({ numerator, denominator: 1 }));
  const names = (first ?? []).map((_, i) => `u${i}`);

  it('gives the digits of a ratio of sums where the statistic is one', () => {
    const statistic = meanOf(first ?? [], names);
    expect(bootstrapInterval(statistic, { seed: 5 })).toEqual(bootstrapInterval(shares(first), { seed: 5 }));
    expect(pairedBootstrap(statistic, meanOf(second ?? [], names), { seed: 5 })).toEqual(
      pairedBootstrap(shares(first), shares(second), { seed: 5 }),
    );
  });

  it('draws again what has no value, and tells where nothing has one', () => {
    const sometimes = { ...meanOf([1, 2, 3]), redraw: (drawn: Int32Array) => drawn[0] || Number.NaN };
    const [low] = bootstrapInterval(sometimes, { seed: 1 });
    expect(low).toBeGreaterThanOrEqual(1);
    const never = { ...sometimes, redraw: () => Number.NaN };
    expect(() => bootstrapInterval(never, { seed: 1 })).toThrow(/its 3 units gave no value/);
    expect(() => bootstrapInterval({ ...never, units: [] }, { seed: 1 })).toThrow(/its 0 units/);
  });

  it('does not depend on the order of units, once they are brought into one', () => {
    const backwards = meanOf([...(first ?? [])].reverse(), [...names].reverse());
    const inOrder = withUnitsInOrder(backwards, names);
    const drawn = Int32Array.from(names, (_, i) => (i * 7) % 11);
    expect(inOrder?.redraw(drawn)).toBe(meanOf(first ?? [], names).redraw(drawn));
    expect(withUnitsInOrder(backwards, names.slice(1))).toBeUndefined();
    expect(withUnitsInOrder(backwards, [...names.slice(1), 'other'])).toBeUndefined();
    expect(withUnitsInOrder(backwards, [...names.slice(1), 'u1'])).toBeUndefined();
  });

  it('of several seeds is that of their mean on the same draw', () => {
    const mean = meanStatistic([meanOf([0, 2], ['a', 'b']), meanOf([4, 4], ['a', 'b'])]);
    expect([mean.value, mean.redraw(Int32Array.of(0, 0)), mean.redraw(Int32Array.of(1, 1))]).toEqual([
      2.5, 2, 3,
    ]);
  });
});
