/**
 * @file Word and character error rate of a corpus; of phones, give them separated by spaces and count words (PER).
 * Counts and alignments equal those of jiwer.
 */
import { type Alignment, alignUnits, type EditCounts, editsOf } from './alignment.js';
import { ratioOfSums, type Share } from './shares.js';

/** What is counted: `word` splits at white space; `character` counts every code point, spaces between words too. */
export type TextUnit = 'word' | 'character';

export interface TextPair {
  readonly reference: string;
  readonly hypothesis: string;
}

export interface ErrorRate extends EditCounts {
  /** All edits over all reference units, so long utterances weigh more; can exceed 1. */
  readonly rate: number;
  /** Edits over reference units of every utterance, in the order given. */
  readonly shares: readonly Share[];
  readonly alignments: readonly Alignment[];
}

/** The units of a text; white space around it does not count. */
export function unitsOf(text: string, unit: TextUnit): string[] {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  return unit === 'word' ? trimmed.split(/\s+/u) : [...trimmed];
}

/**
 * The corpus-level error rate: WER for words, CER for characters.
 * Texts are compared as they are: case and punctuation are the caller's to bring in order.
 * @throws UserError when no reference holds a unit
 */
export function errorRate(pairs: readonly TextPair[], unit: TextUnit = 'word'): ErrorRate {
  const alignments = pairs.map(({ reference, hypothesis }) =>
    alignUnits(unitsOf(reference, unit), unitsOf(hypothesis, unit)),
  );
  const shares = alignments.map((alignment) => ({
    numerator: editsOf(alignment),
    denominator: alignment.hits + alignment.substitutions + alignment.deletions,
  }));
  const total = (key: keyof EditCounts): number => alignments.reduce((sum, counts) => sum + counts[key], 0);
  return {
    rate: ratioOfSums(shares),
    hits: total('hits'),
    substitutions: total('substitutions'),
    deletions: total('deletions'),
    insertions: total('insertions'),
    shares,
    alignments,
  };
}
