/** @file Draws of a bootstrap: units with replacement, as many as there are, and a metric's value of each draw. */
import { UserError } from '../base/errors.js';
import { randomStream } from '../base/random.js';
import { bundled } from './clusters.js';
import type { StatisticMetric } from './metric-value.js';
import { ratioOfSums, type Share } from './shares.js';

export interface BootstrapOptions {
  readonly seed: number;
  /** How many corpora are drawn (default 1000). */
  readonly resamples?: number;
  /** Share of the resampled values inside the interval (default 0.95). */
  readonly level?: number;
}

/** What a bootstrap draws from. */
export interface Drawable {
  readonly value: number;
  readonly units: number;
  readonly redraw: (drawn: Int32Array) => number;
}

/**
 * Shares of a ratio of sums, or a statistic. Beyond 10,000 shares, bundles of them are drawn.
 * @throws UserError where shares hold nothing to count, or a statistic no units
 */
export function drawableOf(metric: readonly Share[] | StatisticMetric): Drawable {
  if ('redraw' in metric) {
    if (metric.units.length === 0) throw noValue(0);
    return { value: metric.value, units: metric.units.length, redraw: (drawn) => metric.redraw(drawn) };
  }
  const value = ratioOfSums(metric);
  const units = bundled(metric);
  return { value, units: units.length, redraw: (drawn) => drawnRatio(units, drawn) };
}

function drawnRatio(shares: readonly Share[], drawn: Int32Array): number {
  let numerator = 0;
  let denominator = 0;
  for (const place of drawn) {
    const share = shares[place] as Share;
    numerator += share.numerator;
    denominator += share.denominator;
  }
  return denominator > 0 ? numerator / denominator : Number.NaN;
}

/** Draws in a row without a value, after which there is taken to be none. */
const mostDraws = 1000;

/**
 * The values of so many draws, sorted. Draw and value depend on seed, purpose and number alone; a draw without a value
 * is made again.
 * @throws UserError where draw after draw has no value
 */
export function drawnValues(
  purpose: string,
  units: number,
  valueOfDraw: (drawn: Int32Array) => number,
  { seed, resamples = 1000 }: BootstrapOptions,
): Float64Array {
  const drawn = new Int32Array(units);
  return Float64Array.from({ length: resamples }, (_, index) => {
    const random = randomStream(seed, purpose, index);
    for (let tries = 0; tries < mostDraws; tries++) {
      for (let i = 0; i < units; i++) drawn[i] = random.integer(units);
      const value = valueOfDraw(drawn);
      if (Number.isFinite(value)) return value;
    }
    throw noValue(units);
  }).sort();
}

function noValue(units: number): UserError {
  return new UserError(
    `the interval of a metric cannot be computed: resampling its ${units} units gave no value`,
    {
      hint: 'Use a larger test split',
    },
  );
}
