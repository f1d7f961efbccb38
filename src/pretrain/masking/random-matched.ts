/** @file Random spans that hide as many frames as easy-to-hard masking would hide at the same step. */

import type { MaskingStrategy } from '../../api/masking-strategy.js';
import type { RandomStream } from '../../base/random.js';
import { easyToHard } from './easy-to-hard.js';
import { countMasked, hiddenBy, shuffledStarts, trimmed } from './spans.js';

/**
 * Hard starts cluster, so their spans overlap more than random ones and hide fewer frames: against `random`, hard
 * masking differs in place and in amount. Here the amount is that of easy-to-hard masking for the same predicted loss
 * and the same draws, so that the place alone differs.
 */
export const randomMatched: MaskingStrategy = {
  name: 'random-matched',
  about: 'random spans that mask exactly as many frames as easy-to-hard at the same step',
  hardShare: () => 0,
  choose: (request) => {
    const hard = easyToHard.choose(request);
    return request.lengths.map((length, row) => {
      const count = countMasked(hard[row] as Uint8Array);
      const mask = new Uint8Array((hard[row] as Uint8Array).length);
      addSpans(mask, length, request.settings.span, count, request.random);
      return trimmed(mask, count, request.random);
    });
  },
};

/** Hides spans at random places, one more at a time, until `count` frames are hidden or more. */
function addSpans(mask: Uint8Array, length: number, span: number, count: number, draws: RandomStream): void {
  const hidden = hiddenBy(span, length);
  for (const start of shuffledStarts(length, span, draws)) {
    if (countMasked(mask) >= count) return;
    mask.fill(1, start, start + hidden);
  }
}
