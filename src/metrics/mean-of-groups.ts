/** @file The mean over groups (folds, classes, sessions) of the mean in each: small groups count as large ones do. */
import type { StatisticMetric } from './metric-value.js';
import { indexUnits, timesDrawn } from './statistic.js';

/**
 * The mean over groups of their rows' mean, as a statistic over units: rows, or speakers whose rows are drawn together.
 * A draw that misses a group has no value and is made again. A draw takes time linear in the rows.
 * @param values one a row: 1 where it is right, for an accuracy
 * @param groups the group of each row, in the same order
 * @param units what each row is drawn with, in the same order
 */
export function meanOfGroupsStatistic(
  values: readonly number[],
  groups: readonly string[],
  units: readonly string[],
): StatisticMetric {
  if (groups.length !== values.length || units.length !== values.length)
    throw new Error(`${groups.length} groups and ${units.length} units of ${values.length} values`);
  const group = indexUnits(groups);
  const unit = indexUnits(units);
  const meanOf = (timesOfUnit: ArrayLike<number>): number => {
    const sums = new Float64Array(group.units.length);
    const counts = new Float64Array(group.units.length);
    for (let row = 0; row < values.length; row++) {
      const place = group.index[row] as number;
      const times = timesOfUnit[unit.index[row] as number] as number;
      sums[place] = (sums[place] as number) + times * (values[row] as number);
      counts[place] = (counts[place] as number) + times;
    }
    return sums.reduce((total, sum, i) => total + sum / (counts[i] as number), 0) / sums.length;
  };
  return {
    value: meanOf(new Int32Array(unit.units.length).fill(1)),
    units: unit.units,
    redraw: (drawn) => meanOf(timesDrawn(drawn, unit.units.length)),
  };
}
