/** @file The mean over groups: by hand, in draws, and where a draw misses a group. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { meanOfGroupsStatistic } from './mean-of-groups.js';

test('counts small groups as large ones', () => {
  const { value, units } = meanOfGroupsStatistic(
    [1, 0, 1, 1, 0],
    ['a', 'a', 'b', 'b', 'b'],
    ['1', '2', '3', '4', '5'],
  );
  expect(value).toBeCloseTo((1 / 2 + 2 / 3) / 2);
  expect(units).toEqual(['1', '2', '3', '4', '5']);
});

test('of one group is the mean', () => {
  expect(meanOfGroupsStatistic([1, 0, 0.5], ['', '', ''], ['1', '2', '3']).value).toBe(0.5);
});

test('of a draw is that of the rows drawn, one after the other', () => {
  const rows = fc.array(
    fc.record({
      value: fc.double({ min: 0, max: 1, noNaN: true }),
      group: fc.integer({ min: 0, max: 2 }),
      unit: fc.integer({ min: 0, max: 4 }),
    }),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(rows, fc.array(fc.nat(), { minLength: 1, maxLength: 10 }), (all, draws) => {
      const metric = meanOfGroupsStatistic(
        all.map(({ value }) => value),
        all.map(({ group }) => String(group)),
        all.map(({ unit }) => String(unit)),
      );
      const drawn = draws.map((draw) => draw % metric.units.length);
      const rowsDrawn = drawn.flatMap((unit) => all.filter((row) => String(row.unit) === metric.units[unit]));
      const groups = [...new Set(all.map(({ group }) => group))].map((group) => {
        const own = rowsDrawn.filter((row) => row.group === group);
        return own.reduce((sum, { value }) => sum + value, 0) / own.length;
      });
      const expected = groups.reduce((sum, mean) => sum + mean, 0) / groups.length;
      const value = metric.redraw(Int32Array.from(drawn));
      if (Number.isNaN(expected)) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(expected, 10);
    }),
  );
});

test('refuses groups or units that are not as many as the values', () => {
  expect(() => meanOfGroupsStatistic([1], [], ['1'])).toThrow('0 groups and 1 units of 1 values');
});
