/** @file The same experiment with several seeds: mean and spread. */

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
