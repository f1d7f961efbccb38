/** @file The same experiment with several seeds: mean, spread, and an interval for both kinds of chance. */
import { student95 } from './quantile.js';

export interface SeedSummary {
  readonly mean: number;
  /** Standard deviation of the sample (n - 1); 0 for a single seed. */
  readonly deviation: number;
  readonly seeds: number;
}

/** Mean and standard deviation over seeds. At least one value. */
export function overSeeds(values: readonly number[]): SeedSummary {
  const seeds = values.length;
  if (seeds === 0) throw new Error('no seed');
  const mean = values.reduce((sum, value) => sum + value, 0) / seeds;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: seeds === 1 ? 0 : Math.sqrt(squares / (seeds - 1)), seeds };
}

export interface SeedResult {
  readonly value: number;
  /** 95 % over test utterances, which all seeds share. */
  readonly interval: readonly [low: number, high: number];
}

/**
 * A 95 % interval of the mean over seeds that allows for chance in the seeds and in the test set. The two are
 * independent, so their variances add; that of the test set does not shrink with the number of seeds, because every
 * seed meets the same utterances. Student's t takes Welch's and Satterthwaite's degrees of freedom: few where the
 * seeds, which are few, make most of the variance.
 */
export function mixedInterval(results: readonly SeedResult[]): [low: number, high: number] {
  const { mean, deviation, seeds } = overSeeds(results.map(({ value }) => value));
  const ofSeeds = deviation ** 2 / seeds;
  const reach = (halfWidths: readonly number[]): number => {
    const all = ofSeeds + (overSeeds(halfWidths).mean / student95(Number.POSITIVE_INFINITY)) ** 2;
    const degrees = ofSeeds === 0 ? Number.POSITIVE_INFINITY : ((seeds - 1) * all ** 2) / ofSeeds ** 2;
    return student95(degrees) * Math.sqrt(all);
  };
  return [
    mean - reach(results.map(({ value, interval }) => value - interval[0])),
    mean + reach(results.map(({ value, interval }) => interval[1] - value)),
  ];
}
