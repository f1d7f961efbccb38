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
 * @param first errors of the baseline, in the same order as `second`
 */
export function matchedPairs(first: readonly PlacedErrors[], second: readonly PlacedErrors[]): MatchedPairs {
  if (first.length !== second.length) throw new Error(`${first.length} utterances beside ${second.length}`);
  let [n, sum, squares] = [0, 0, 0];
  first.forEach((errors, i) => {
    for (const difference of segmentDifferences(errors, second[i] as PlacedErrors)) {
      n++;
      sum += difference;
      squares += difference ** 2;
    }
  });
  const mean = sum / Math.max(n, 1);
  if (n < 2) return { segments: n, meanDifference: mean, pValue: 1 };
  // Whole numbers: their sums are exact.
  const variance = (squares - sum * mean) / (n - 1);
  if (variance <= 0) return { segments: n, meanDifference: mean, pValue: mean === 0 ? 1 : 0 };
  return { segments: n, meanDifference: mean, pValue: twoSidedNormal(mean / Math.sqrt(variance / n)) };
}

/** Errors of the second less errors of the first, for every segment with an error. */
function segmentDifferences(first: PlacedErrors, second: PlacedErrors): number[] {
  if (first.length !== second.length) throw new Error('the alignments are of different references');
  const differences: number[] = [];
  let [errors, difference, right] = [0, 0, 0];
  for (let place = 0; place < first.length; place++) {
    const [own, other] = [first.charCodeAt(place), second.charCodeAt(place)];
    errors += own + other;
    difference += other - own;
    if (own + other > 0) right = 0;
    else if (place % 2 === 1) right++;
    if (right >= buffer && errors > 0) {
      differences.push(difference);
      [errors, difference] = [0, 0];
    }
  }
  if (errors > 0) differences.push(difference);
  return differences;
}

/**
 * The errors at each gap (insertions, even places) and each word of the reference (odd places), as a text whose codes
 * are the counts: a byte a place, so that those of a million utterances fit into memory.
 */
export type PlacedErrors = string;

export function placedErrors({ steps }: Alignment): PlacedErrors {
  const errors = [0];
  for (const step of steps) {
    if (step.kind === 'insertion') errors[errors.length - 1] = (errors.at(-1) ?? 0) + 1;
    else errors.push(step.kind === 'hit' ? 0 : 1, 0);
  }
  return errors.map((count) => String.fromCharCode(count)).join('');
}
