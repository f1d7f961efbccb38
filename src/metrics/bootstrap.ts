/** @file Bootstrap confidence intervals of a metric, by drawing utterances again. */
import { randomStream } from '../base/random.js';
import { bundled } from './clusters.js';
import { quantile } from './quantile.js';
import { ratioOfSums, type Share } from './shares.js';

export interface BootstrapOptions {
  readonly seed: number;
  /** How many corpora are drawn (default 1000). */
  readonly resamples?: number;
  /** Share of the resampled values inside the interval (default 0.95). */
  readonly level?: number;
}

/**
 * The percentile bootstrap interval of a ratio of sums (Efron; for WER: Bisani and Ney 2004): utterances are drawn
 * with replacement, as many as there are, and the middle `level` of the values is kept. Same input and seed, same
 * interval. A drawn corpus without anything to count is drawn again. Beyond 10,000 utterances, bundles are drawn.
 * @returns [low, high]
 * @throws UserError when the utterances hold nothing to count
 */
export function bootstrapInterval(
  perUtterance: readonly Share[],
  { seed, resamples = 1000, level = 0.95 }: BootstrapOptions,
): [low: number, high: number] {
  ratioOfSums(perUtterance);
  const units = bundled(perUtterance);
  const values = Float64Array.from({ length: resamples }, (_, index) => {
    const random = randomStream(seed, 'bootstrap', index);
    let drawn: number;
    do drawn = drawnRatio(units, random.integer);
    while (!Number.isFinite(drawn));
    return drawn;
  }).sort();
  return [quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)];
}

function drawnRatio(shares: readonly Share[], integer: (below: number) => number): number {
  let numerator = 0;
  let denominator = 0;
  for (let i = 0; i < shares.length; i++) {
    const share = shares[integer(shares.length)] as Share;
    numerator += share.numerator;
    denominator += share.denominator;
  }
  return denominator > 0 ? numerator / denominator : Number.NaN;
}
