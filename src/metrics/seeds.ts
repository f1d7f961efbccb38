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
 * independent, so their half-widths add as squares: Student's t over seeds, and the mean half-width of the seeds' own
 * intervals, which does not shrink with their number because every seed meets the same utterances.
 */
export function mixedInterval(results: readonly SeedResult[]): [low: number, high: number] {
  const { mean, deviation, seeds } = overSeeds(results.map(({ value }) => value));
  const overRuns = seeds === 1 ? 0 : (student95(seeds - 1) * deviation) / Math.sqrt(seeds);
  const below = overSeeds(results.map(({ value, interval }) => value - interval[0])).mean;
  const above = overSeeds(results.map(({ value, interval }) => interval[1] - value)).mean;
  return [mean - Math.hypot(overRuns, below), mean + Math.hypot(overRuns, above)];
}
