/** @file Spans of masked frames: where they start, and how rows come to mask equally many. */

import type { MaskRequest, MaskSettings } from '../../api/masking-strategy.js';
import type { RandomStream } from '../../base/random.js';

/** Frames that the mask hides. */
export const countMasked = (mask: Uint8Array): number => mask.reduce((sum, bit) => sum + bit, 0);

/** Frames that a span hides in a row of `length`: one is left to see, where there are two. */
export const hiddenBy = (span: number, length: number): number => Math.max(0, Math.min(span, length - 1));

/** Frames of a row in which a whole span starts, in random order. */
export function shuffledStarts(length: number, span: number, draws: RandomStream): number[] {
  return draws.shuffle(Array.from({ length: length - hiddenBy(span, length) }, (_, i) => i));
}

/** Where the spans of a row start. */
export interface SpanStarts {
  /** Frames of highest predicted loss, the highest first. */
  readonly hard: readonly number[];
  readonly others: readonly number[];
  /** Frames that a span hides; one that starts near the end hides fewer. */
  readonly hidden: number;
}

/** Draws the starts of a row of `length` frames, of which a share are its hardest frames. */
export function spanStarts(
  losses: Float32Array,
  length: number,
  { probability, span }: MaskSettings,
  share: number,
  draws: RandomStream,
): SpanStarts {
  const hidden = hiddenBy(span, length);
  const wanted = Math.floor((probability * length) / span + draws.uniform());
  const starts = Math.min(Math.max(1, wanted), length - hidden);
  const count = starts - Math.floor(starts * (1 - share));
  const hard = count === 0 ? [] : hardestFrames(losses, length, count);
  const taken = new Set(hard);
  const places = Array.from({ length: length - hidden }, (_, i) => i).filter((i) => !taken.has(i));
  return { hard, others: draws.shuffle(places).slice(0, starts - count), hidden };
}

/**
 * Spans whose hardest starts are a share of all: the released code's selection.
 * @param scores of each frame, a row an utterance: the highest are the hardest (default: the predicted loss)
 */
export function spansFrom(
  { predictedLoss, lengths, settings, random }: MaskRequest,
  share: number,
  scores: readonly Float32Array[] = predictedLoss,
): Uint8Array[] {
  const longest = Math.max(...lengths);
  const masks = lengths.map((length, row) => {
    const mask = new Uint8Array(longest);
    const values = scores[row] ?? new Float32Array(length);
    const { hard, others, hidden } = spanStarts(values, length, settings, share, random);
    for (const start of [...hard, ...others]) mask.fill(1, start, Math.min(start + hidden, length));
    return mask;
  });
  const fewest = Math.max(0, Math.min(Math.min(...lengths) - 1, ...masks.map(countMasked)));
  return masks.map((mask) => trimmed(mask, fewest, random));
}

/** Frames of highest loss; of equal ones the earlier. */
export function hardestFrames(losses: Float32Array, length: number, count: number): number[] {
  return Array.from({ length }, (_, i) => i)
    .sort((a, b) => (losses[b] as number) - (losses[a] as number) || a - b)
    .slice(0, count);
}

/** The mask with frames unmasked at random until it hides `count`. */
export function trimmed(mask: Uint8Array, count: number, draws: RandomStream): Uint8Array {
  const result = mask.slice();
  const masked = Array.from(mask.keys()).filter((i) => mask[i] === 1);
  for (const i of draws.shuffle(masked).slice(0, Math.max(0, masked.length - count))) result[i] = 0;
  return result;
}
