/** @file The masks of an analysis, for any number of frames. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../base/random.js';
import { countMasked } from '../masking/spans.js';
import { informationMasks } from './probes.js';

const given = fc.record({
  frames: fc.integer({ min: 15, max: 200 }),
  span: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(),
});

describe('the masks of the information test', () => {
  const losses = (frames: number, seed: number): Float32Array => {
    const random = randomStream(seed, 'losses');
    return Float32Array.from({ length: frames }, () => random.normal());
  };
  const besides = (mask: Uint8Array, rest: Uint8Array): number[] =>
    Array.from(mask.keys()).filter((t) => mask[t] === 1 && rest[t] === 0);

  it('all hide the compared frames, and besides them equally many others', () => {
    fc.assert(
      fc.property(given, ({ frames, span, seed }) => {
        const { rest, hard, random, hidden } = informationMasks(
          losses(frames, seed),
          span,
          randomStream(seed, 'test'),
        );
        expect(countMasked(rest)).toBeGreaterThan(0);
        for (const mask of [hard, ...random]) {
          for (const [t, bit] of rest.entries()) if (bit === 1) expect(mask[t]).toBe(1);
          expect(besides(mask, rest)).toHaveLength(hidden);
          expect(countMasked(mask)).toBeLessThan(frames);
        }
      }),
    );
  });

  it('hide the frames of highest predicted loss on the hard side', () => {
    const predicted = losses(100, 3);
    const { rest, hard } = informationMasks(predicted, 5, randomStream(3, 'test'));
    const chosen = besides(hard, rest).map((t) => predicted[t] as number);
    const others = Array.from(predicted).filter((_, t) => hard[t] === 0);
    expect(Math.min(...chosen)).toBeGreaterThanOrEqual(Math.max(...others));
  });
});
