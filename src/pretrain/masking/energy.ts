/** @file Masking of loud frames: what easy-to-hard would be if hard meant loud. */

import type { MaskingStrategy } from '../../api/masking-strategy.js';
import { scheduledShare } from './easy-to-hard.js';
import { needed } from './needed.js';
import { spansFrom } from './spans.js';

export const energy: MaskingStrategy = {
  name: 'energy',
  about: "control: spans start at the loudest frames, on easy-to-hard's schedule",
  needs: ['energy'],
  hardShare: scheduledShare,
  choose: (request) =>
    spansFrom(request, scheduledShare(request.settings, request.progress), needed(request, 'energy')),
};
