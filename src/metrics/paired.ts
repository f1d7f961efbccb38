/** @file Two systems on the same utterances: the difference of a metric, its interval, and whether it is chance. */
import { randomStream } from '../base/random.js';
import type { BootstrapOptions } from './bootstrap.js';
import { bundled } from './clusters.js';
import { quantile, twoSidedNormal } from './quantile.js';
import { overSeeds } from './seeds.js';
import { ratioOfSums, type Share } from './shares.js';

export interface PairedDifference {
  /** The second system's value less the first's. */
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  /** Two-sided, for "there is no difference". */
  readonly pValue: number;
}

/**
 * Paired bootstrap of the difference of two ratios of sums (Bisani and Ney 2004): both systems are judged on the same
 * drawn utterances (or speakers: give their sums). The test sets the difference over its bootstrap standard error
 * beside a normal: counting draws could give no p-value below 1 / resamples, and after correction over the cells of a
 * large table nothing would be left to find. Where all draws are alike, that count is all there is.
 * @param first shares of the baseline, in the same order as `second`
 * @throws UserError when there is nothing to count
 */
export function pairedBootstrap(
  first: readonly Share[],
  second: readonly Share[],
  { seed, resamples = 1000, level = 0.95 }: BootstrapOptions,
): PairedDifference {
  if (first.length !== second.length) throw new Error(`${first.length} shares beside ${second.length}`);
  const difference = ratioOfSums(second) - ratioOfSums(first);
  const [before, after] = [bundled(first), bundled(second)];
  const drawn = Float64Array.from({ length: resamples }, (_, index) => {
    const random = randomStream(seed, 'paired bootstrap', index);
    for (;;) {
      const value = drawnDifference(before, after, random.integer);
      if (Number.isFinite(value)) return value;
    }
  }).sort();
  const { deviation } = overSeeds([...drawn]);
  const alike = Math.abs(difference) < 1e-12 ? 1 : 1 / (resamples + 1);
  return {
    difference,
    interval: [quantile(drawn, (1 - level) / 2), quantile(drawn, (1 + level) / 2)],
    pValue: deviation < 1e-12 ? alike : twoSidedNormal(difference / deviation),
  };
}

function drawnDifference(
  first: readonly Share[],
  second: readonly Share[],
  integer: (below: number) => number,
): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < first.length; i++) {
    const place = integer(first.length);
    const one = first[place] as Share;
    const other = second[place] as Share;
    a += one.numerator;
    b += one.denominator;
    c += other.numerator;
    d += other.denominator;
  }
  return c / d - a / b;
}
