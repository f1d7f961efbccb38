/** @file The matched-pairs sentence-segment word error test of two recognisers (Gillick and Cox 1989). */
import type { Alignment } from './alignment.js';
import { twoSidedNormal } from './quantile.js';

export interface MatchedPairs {
  /** Segments in which at least one of the two errs. */
  readonly segments: number;
  /** Errors a segment of the second recogniser less those of the first. */
  readonly meanDifference: number;
  /** Two-sided, for "both err equally often"; 1 where there are fewer than two segments. */
  readonly pValue: number;
}

/** How many words in a row both recognisers must have right to part two segments (as in NIST's sctk). */
const buffer = 2;

/**
 * Compares two recognisers on the same references. Utterances are cut where both have two words in a row right, since
 * errors on the two sides of such a place hardly depend on each other; then the errors of the segments are compared
 * by a paired z-test.
 * @param first alignments of the baseline, in the same order as `second`
 */
export function matchedPairs(first: readonly Alignment[], second: readonly Alignment[]): MatchedPairs {
  if (first.length !== second.length) throw new Error(`${first.length} alignments beside ${second.length}`);
  const differences = first.flatMap((alignment, i) => segmentDifferences(alignment, second[i] as Alignment));
  const n = differences.length;
  const mean = differences.reduce((sum, value) => sum + value, 0) / Math.max(n, 1);
  if (n < 2) return { segments: n, meanDifference: mean, pValue: 1 };
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  if (variance === 0) return { segments: n, meanDifference: mean, pValue: mean === 0 ? 1 : 0 };
  return { segments: n, meanDifference: mean, pValue: twoSidedNormal(mean / Math.sqrt(variance / n)) };
}

/** Errors of the second less errors of the first, for every segment with an error. */
function segmentDifferences(first: Alignment, second: Alignment): number[] {
  const [a, b] = [errorsByPlace(first), errorsByPlace(second)];
  if (a.length !== b.length) throw new Error('the alignments are of different references');
  const differences: number[] = [];
  let [errors, difference, right] = [0, 0, 0];
  a.forEach((own, place) => {
    const other = b[place] as number;
    errors += own + other;
    difference += other - own;
    if (own + other > 0) right = 0;
    else if (place % 2 === 1) right++;
    if (right >= buffer && errors > 0) {
      differences.push(difference);
      [errors, difference] = [0, 0];
    }
  });
  if (errors > 0) differences.push(difference);
  return differences;
}

/** [2 · words + 1]: errors at each gap (insertions, even places) and each word of the reference (odd places). */
function errorsByPlace({ steps }: Alignment): number[] {
  const errors = [0];
  for (const step of steps) {
    if (step.kind === 'insertion') errors[errors.length - 1] = (errors.at(-1) ?? 0) + 1;
    else errors.push(step.kind === 'hit' ? 0 : 1, 0);
  }
  return errors;
}
