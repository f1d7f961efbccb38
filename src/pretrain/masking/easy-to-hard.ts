/** @file The paper's masking: the hardest frames start spans, more of them as training goes on. */

import type { MaskingStrategy, MaskSettings } from '../../api/masking-strategy.js';
import { spansFrom } from './spans.js';

/** The share of spans that start at hard frames: an epoch more in each epoch, then the cap. */
export function scheduledShare({ epochs, capFrom, shareCap }: MaskSettings, progress: number): number {
  // The last digits of step / steps must not move an epoch's first step into the epoch before.
  const share = (Math.floor(progress * epochs + 1e-6) + 1) / epochs;
  return share >= capFrom ? shareCap : share;
}

export const easyToHard: MaskingStrategy = {
  name: 'easy-to-hard',
  about:
    'EH-MAM: spans start at frames that the teacher predicts to be hard; their share grows during training',
  hardShare: scheduledShare,
  choose: (request) => spansFrom(request, scheduledShare(request.settings, request.progress)),
};
