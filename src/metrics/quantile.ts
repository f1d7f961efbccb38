/** @file Quantiles and the distributions that intervals and tests need. */

/** The q-quantile of sorted values, linear between neighbours (numpy's default). */
export function quantile(sorted: Float64Array, q: number): number {
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (place - below);
}

/**
 * The chance that a standard normal lies at least as far from zero as `z`, on either side.
 * Numerical Recipes' `erfcc` (Press et al., section 6.2): relative error below 1.2e-7.
 */
export function twoSidedNormal(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
  ];
  const polynomial = coefficients.reduceRight((sum, coefficient) => coefficient + t * sum, 0);
  return t * Math.exp(-x * x + polynomial);
}

/** Student's t for a two-sided 95 % interval, from 1 degree of freedom on (any statistical table). */
const studentTable = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * How many standard errors a 95 % interval reaches on each side of a mean: linear between whole degrees of freedom, and
 * the normal's 1.96 beyond 30. From 1 degree on.
 */
export function student95(degreesOfFreedom: number): number {
  const below = Math.floor(degreesOfFreedom);
  const [low, high] = [studentTable[below - 1], studentTable[below] ?? 1.96];
  return low === undefined ? 1.96 : low + (high - low) * (degreesOfFreedom - below);
}
