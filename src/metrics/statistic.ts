/** @file Statistics of units: several as one, in another order, and how often each unit was drawn. */
import type { StatisticMetric } from './metric-value.js';

/** How often each of `units` units was drawn. */
export function timesDrawn(drawn: Int32Array, units: number): Int32Array {
  const times = new Int32Array(units);
  for (const unit of drawn) times[unit] = (times[unit] as number) + 1;
  return times;
}

/** Units in the order of their first appearance, and the index of each item's. */
export function indexUnits(unitOf: readonly string[]): {
  readonly units: readonly string[];
  readonly index: Int32Array;
} {
  const places = new Map<string, number>();
  const index = Int32Array.from(unitOf, (unit) => {
    const place = places.get(unit) ?? places.size;
    places.set(unit, place);
    return place;
  });
  return { units: [...places.keys()], index };
}

/** The mean of a statistic over several systems (seeds), all on the same drawn units in the same order. */
export function meanStatistic(metrics: readonly StatisticMetric[]): StatisticMetric {
  const [first] = metrics;
  if (first === undefined) throw new Error('no statistic');
  const mean = (partOf: (metric: StatisticMetric) => number): number =>
    metrics.reduce((sum, metric) => sum + partOf(metric), 0) / metrics.length;
  return {
    value: mean(({ value }) => value),
    units: first.units,
    redraw: (drawn) => mean((metric) => metric.redraw(drawn)),
  };
}

/**
 * The same statistic with its units in another order.
 * @returns undefined where the units are not the same set
 */
export function withUnitsInOrder(
  metric: StatisticMetric,
  units: readonly string[],
): StatisticMetric | undefined {
  if (units.length !== metric.units.length) return undefined;
  const places = new Map(metric.units.map((unit, place) => [unit, place]));
  const own = units.map((unit) => places.get(unit));
  if (own.includes(undefined) || new Set(own).size !== units.length) return undefined;
  const order = Int32Array.from(own as number[]);
  return {
    value: metric.value,
    units,
    redraw: (drawn) => metric.redraw(drawn.map((unit) => order[unit] as number)),
  };
}
