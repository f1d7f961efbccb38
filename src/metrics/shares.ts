/** @file Ratios of sums: what an utterance adds to a metric, and the metric of them all. */
import { UserError } from '../base/errors.js';

/** An utterance's share of a metric that is a sum over a sum (errors over words, right over all). */
export interface Share {
  readonly numerator: number;
  readonly denominator: number;
}

/**
 * The sum of the numerators over the sum of the denominators.
 * @throws UserError when the denominators sum to nothing: there is nothing to judge
 */
export function ratioOfSums(shares: readonly Share[]): number {
  let numerator = 0;
  let denominator = 0;
  for (const share of shares) {
    numerator += share.numerator;
    denominator += share.denominator;
  }
  if (!(denominator > 0)) {
    throw new UserError(`the metric is undefined: the references of ${shares.length} utterances are empty`, {
      hint: 'Use a test split with non-empty references',
    });
  }
  return numerator / denominator;
}
