/** @file Accuracy: the share of utterances that are right. */
import { ratioOfSums, type Share } from './shares.js';

export interface Accuracy {
  readonly rate: number;
  /** 1 or 0 over 1 for every utterance, in the order given. */
  readonly shares: readonly Share[];
}

/**
 * The share of predictions equal to their reference. Where an utterance has several labels (intent slots), it is
 * right only if all of them are: give a list of labels each.
 * @throws UserError when there is no utterance
 */
export function accuracy(
  predictions: readonly (string | readonly string[])[],
  references: readonly (string | readonly string[])[],
): Accuracy {
  if (predictions.length !== references.length) {
    throw new Error(`${predictions.length} predictions for ${references.length} references`);
  }
  const shares = references.map((reference, i) => ({
    numerator: sameLabels(predictions[i] as string | readonly string[], reference) ? 1 : 0,
    denominator: 1,
  }));
  return { rate: ratioOfSums(shares), shares };
}

function sameLabels(a: string | readonly string[], b: string | readonly string[]): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.length === b.length && a.every((label, i) => label === b[i]);
}
