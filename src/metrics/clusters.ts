/** @file Utterances that belong together: one share a speaker, so that a bootstrap draws speakers. */
import type { Share } from './shares.js';

/**
 * The summed share of every cluster, in the order in which clusters first appear. Give these to a bootstrap where
 * utterances of one speaker are not independent of each other (Field and Welsh 2007: cluster bootstrap).
 * @param clusters the cluster of every share, in the same order
 */
export function sumByCluster(shares: readonly Share[], clusters: readonly string[]): Share[] {
  if (clusters.length !== shares.length)
    throw new Error(`${clusters.length} clusters of ${shares.length} shares`);
  const sums = new Map<string, { numerator: number; denominator: number }>();
  shares.forEach(({ numerator, denominator }, i) => {
    const cluster = clusters[i] as string;
    const sum = sums.get(cluster);
    if (sum === undefined) sums.set(cluster, { numerator, denominator });
    else {
      sum.numerator += numerator;
      sum.denominator += denominator;
    }
  });
  return [...sums.values()];
}
