/** @file data2vec 2.0's inverse block masking: blocks of frames are kept, all others are hidden. */

import type { MaskingStrategy } from '../../api/masking-strategy.js';
import type { RandomStream } from '../../base/random.js';
import { countMasked, trimmed } from './spans.js';

/**
 * As fairseq's `compute_block_mask_1d` with `inverse_mask`: blocks of `span` frames around centres drawn with
 * replacement, so many that they would cover the visible share and `adjust` more if they did not overlap; then frames
 * are added or taken away at random until exactly the visible share is left. Rows of different lengths hide as many
 * frames as the shortest.
 */
export const block: MaskingStrategy = {
  name: 'block',
  about: 'data2vec 2.0: inverse block masking, which keeps blocks of frames and masks all others',
  hardShare: () => 0,
  choose: ({ lengths, settings, random }) => {
    const { probability, span, adjust } = settings;
    const longest = Math.max(...lengths);
    const shortest = Math.min(...lengths);
    // The last digits of 1 - 0.8 must not cost a frame.
    const share = Math.floor(shortest * (1 - probability) + 1e-6);
    const seen = Math.max(1, Math.min(shortest - 1, share));
    const hidden = shortest - seen;
    return lengths.map((length) => {
      const covered = length - shortest * probability + length * adjust;
      const visible = blocks(length, Math.floor(covered / span), span, random);
      const exact = filled(trimmed(visible, length - hidden, random), length - hidden, random);
      const mask = new Uint8Array(longest);
      for (let t = 0; t < length; t++) mask[t] = 1 - (exact[t] as number);
      return mask;
    });
  },
};

/** 1 within any of `count` blocks of `span` frames; a centre near an end has its block cut there. */
function blocks(length: number, count: number, span: number, draws: RandomStream): Uint8Array {
  const result = new Uint8Array(length);
  for (let i = 0; i < count; i++) {
    const first = draws.integer(length) - Math.floor(span / 2);
    result.fill(1, Math.max(0, first), Math.max(0, Math.min(length, first + span)));
  }
  return result;
}

/** The bits with ones added at random until there are `count`. */
function filled(bits: Uint8Array, count: number, draws: RandomStream): Uint8Array {
  const result = bits.slice();
  const missing = Math.max(0, count - countMasked(bits));
  if (missing === 0) return result;
  const zeros = Array.from(bits.keys()).filter((i) => bits[i] === 0);
  for (const i of draws.shuffle(zeros).slice(0, missing)) result[i] = 1;
  return result;
}
