/** @file data2vec 2.0's masking of speech: spans start anywhere. */

import type { MaskingStrategy } from '../../api/masking-strategy.js';
import { spansFrom } from './spans.js';

export const random: MaskingStrategy = {
  name: 'random',
  about: 'data2vec 2.0: spans start at random frames',
  hardShare: () => 0,
  choose: (request) => spansFrom(request, 0),
};
