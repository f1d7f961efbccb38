/** @file data2vec 2.0's masking of speech: spans start anywhere. */
import { spansFrom } from './spans.js';
import type { MaskingStrategy } from './strategy.js';

export const random: MaskingStrategy = {
  name: 'random',
  about: 'data2vec 2.0: spans start anywhere',
  hardShare: () => 0,
  choose: (request) => spansFrom(request, 0),
};
