/** @file Two systems on the same utterances: the difference of a metric, its interval, and whether it is chance. */
import { type BootstrapOptions, drawableOf, drawnValues } from './draws.js';
import type { StatisticMetric } from './metric-value.js';
import { quantile, twoSidedNormal } from './quantile.js';
import { overSeeds } from './seeds.js';
import type { Share } from './shares.js';

export interface PairedDifference {
  /** The second system's value less the first's. */
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  /** Two-sided, for "there is no difference". */
  readonly pValue: number;
  /** Of the difference, with what the interval allows for; 0 where every draw gives the same. */
  readonly standardError: number;
  /** Degrees of freedom of the standard error, where seeds make a part of it (default: endless). */
  readonly degrees?: number;
}

/**
 * Paired bootstrap of the difference of two ratios of sums, or two statistics (Bisani and Ney 2004): both systems are
 * judged on the same drawn utterances (or speakers: give their sums; or a statistic's units). The test sets the
 * difference over its bootstrap standard error beside a normal: counting draws could give no p-value below
 * 1 / resamples, and after correction over the cells of a large table nothing would be left to find. Where all draws are
 * alike, that count is all there is.
 * @param first of the baseline: shares or units in the same order as those of `second`
 * @throws UserError when there is nothing to count
 */
export function pairedBootstrap<Metric extends readonly Share[] | StatisticMetric>(
  first: Metric,
  second: Metric,
  options: BootstrapOptions,
): PairedDifference {
  const { resamples = 1000, level = 0.95 } = options;
  const [before, after] = [drawableOf(first), drawableOf(second)];
  if (before.units !== after.units) throw new Error(`${before.units} units beside ${after.units}`);
  const difference = after.value - before.value;
  const drawn = drawnValues(
    'paired bootstrap',
    before.units,
    (units) => after.redraw(units) - before.redraw(units),
    options,
  );
  const { deviation } = overSeeds([...drawn]);
  const alike = Math.abs(difference) < 1e-12 ? 1 : 1 / (resamples + 1);
  return {
    difference,
    interval: [quantile(drawn, (1 - level) / 2), quantile(drawn, (1 + level) / 2)],
    pValue: deviation < 1e-12 ? alike : twoSidedNormal(difference / deviation),
    standardError: deviation < 1e-12 ? 0 : deviation,
  };
}
