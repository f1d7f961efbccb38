/** @file Masks that cover an utterance, for any number of frames. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../base/random.js';
import { coveringMasks } from './covering.js';
import { countMasked } from './spans.js';

const given = fc.record({
  frames: fc.integer({ min: 15, max: 200 }),
  span: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(),
});

describe('covering masks', () => {
  it('mask every frame exactly once between them, each some and none all', () => {
    fc.assert(
      fc.property(given, ({ frames, span, seed }) => {
        const masks = coveringMasks(frames, span, 3, randomStream(seed, 'test'));
        for (let t = 0; t < frames; t++) expect(masks.filter((mask) => mask[t] === 1)).toHaveLength(1);
        for (const mask of masks) {
          expect(countMasked(mask)).toBeGreaterThan(0);
          expect(countMasked(mask)).toBeLessThan(frames);
        }
      }),
    );
  });
});
