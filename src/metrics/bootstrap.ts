/** @file Bootstrap confidence intervals of a metric, by drawing utterances (or a statistic's own units) again. */
import { type BootstrapOptions, drawableOf, drawnValues } from './draws.js';
import type { StatisticMetric } from './metric-value.js';
import { quantile } from './quantile.js';
import type { Share } from './shares.js';

/**
 * The percentile bootstrap interval (Efron; for WER: Bisani and Ney 2004): utterances of a ratio of sums, or the units
 * of a statistic, are drawn with replacement, as many as there are, and the middle `level` of the values is kept. Same
 * input and seed, same interval. A drawn corpus without anything to count is drawn again. Of a ratio, beyond 10,000
 * utterances, bundles are drawn.
 * @returns [low, high]
 * @throws UserError when there is nothing to count
 */
export function bootstrapInterval(
  metric: readonly Share[] | StatisticMetric,
  options: BootstrapOptions,
): [low: number, high: number] {
  const { level = 0.95 } = options;
  const { units, redraw } = drawableOf(metric);
  const values = drawnValues('bootstrap', units, redraw, options);
  return [quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)];
}
