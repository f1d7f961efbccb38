/** @file Easy-to-hard masking without its schedule: hard from the first step. */

import type { MaskingStrategy } from '../../api/masking-strategy.js';
import { spansFrom } from './spans.js';

export const hardOnly: MaskingStrategy = {
  name: 'hard-only',
  about:
    'easy-to-hard without a schedule: the final share of hard starts (0.8 in the paper) from the first step',
  hardShare: ({ shareCap }) => shareCap,
  choose: (request) => spansFrom(request, request.settings.shareCap),
};
