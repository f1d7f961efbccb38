/** @file Tests of random spans: how many, where, and equally many places in all rows of a batch. */
import { describe, expect, it } from 'vitest';
import { randomStream } from '../base/random.js';
import { drawMasks, maskNoise, spanMasks } from './masks.js';

const count = (mask: Uint8Array): number => mask.reduce((sum, bit) => sum + bit, 0);
const time = { probability: 0.65, span: 10 };
const one = { least: 1, shared: false };

describe('spans of frames', () => {
  it('are int(probability length / span + u) at starts of their own, so that a share of the frames is masked', () => {
    // Spans of one frame do not overlap: the number of places is that of spans. 0.65 * 101 = 65.65: 65, or 66 where u >= 0.35.
    const narrow = { probability: 0.65, span: 1 };
    const counts = Array.from({ length: 400 }, (_, i) =>
      count(spanMasks([101], narrow, one, randomStream(1, 'narrow', i))[0] as Uint8Array),
    );
    expect(new Set(counts)).toEqual(new Set([65, 66]));
    const rounded = counts.filter((each) => each === 66).length / 400;
    // Five deviations of a share of 400 draws.
    expect(Math.abs(rounded - 0.65)).toBeLessThan(5 * Math.sqrt((0.65 * 0.35) / 400));
  });

  it('end within the utterance, and overlap: about half of the frames are masked with 0.65', () => {
    const shares = Array.from({ length: 100 }, (_, i) => {
      const [mask] = spanMasks([500], time, one, randomStream(2, 'spans', i)) as [Uint8Array];
      return count(mask) / 500;
    });
    const mean = shares.reduce((a, b) => a + b) / 100;
    // 32.5 spans of 10 at random among 490 starts leave (1 - 10 / 490)^32.5 = 0.51 of the frames.
    expect(mean).toBeGreaterThan(0.45);
    expect(mean).toBeLessThan(0.53);
    // No span begins in the last ten frames, and one that began before them may reach them but for the very last.
    const last = Array.from(
      { length: 100 },
      (_, i) => spanMasks([30], time, one, randomStream(3, 'end', i))[0],
    );
    expect(last.every((mask) => mask?.[29] === 0)).toBe(true);
  });

  it('are given back at random until all rows mask as many as the one that masks fewest', () => {
    const masks = spanMasks([500, 300, 120], time, one, randomStream(4, 'rows'));
    const alone = spanMasks([120], time, one, randomStream(4, 'rows'));
    expect(new Set(masks.map(count)).size).toBe(1);
    expect(count(masks[0] as Uint8Array)).toBeGreaterThan(0.5 * count(alone[0] as Uint8Array));
    expect(masks.map(({ length }) => length)).toEqual([500, 300, 120]);
  });

  it('are one at least, and never hide a row whole', () => {
    for (let i = 0; i < 50; i++)
      for (const length of [1, 2, 5, 9, 11]) {
        const [mask] = spanMasks([length], time, one, randomStream(5, 'short', i, length)) as [Uint8Array];
        expect(count(mask)).toBeLessThan(length);
        if (length > 9) expect(count(mask)).toBeGreaterThan(0);
      }
  });
});

describe('the masks of a batch', () => {
  const settings = { time, channels: { probability: 0.5, span: 64 } };

  it('are decided by their key: three spans of 64 channels of 768 with 0.25, six with 0.5, in each row others', () => {
    const draw = (update: number) => drawMasks([90, 80], 768, settings, [1, 'test', update]);
    expect(draw(7)).toEqual(draw(7));
    expect(draw(8)).not.toEqual(draw(7));
    const { channels } = draw(7);
    expect(channels[0]).not.toEqual(channels[1]);
    expect(count(channels[0] as Uint8Array)).toBe(count(channels[1] as Uint8Array));
    for (const [probability, spans] of [
      [0.25, 3],
      [0.5, 6],
    ] as const) {
      // Spans of one channel show how many there are: 768 * probability / 64 of them.
      const narrow = { probability: probability / 64, span: 1 };
      expect(
        count(drawMasks([50], 768, { time, channels: narrow }, [1, 'test']).channels[0] as Uint8Array),
      ).toBe(spans);
    }
    // A span as long as all channels would leave nothing.
    const whole = drawMasks([50], 64, settings, [1, 'test']).channels[0] as Uint8Array;
    expect(count(whole)).toBe(0);
  });

  it('hold noise of the deviation in masked frames alone, the same in a part of the batch', () => {
    const { frames } = drawMasks([40, 40, 40], 16, settings, [1, 'test']);
    const whole = maskNoise(frames, [3, 40, 16], 0.01, 0, [1, 'test']);
    const part = maskNoise(frames.slice(1), [2, 40, 16], 0.01, 1, [1, 'test']);
    expect(part.data).toEqual(whole.data.slice(40 * 16));
    const values = Array.from(whole.data);
    const inside = values.filter((_, i) => frames[Math.floor(i / 640)]?.[Math.floor(i / 16) % 40] === 1);
    expect(values.filter((value) => value !== 0)).toEqual(inside);
    const deviation = Math.sqrt(inside.reduce((sum, value) => sum + value ** 2, 0) / inside.length);
    expect(Math.abs(deviation / 0.01 - 1)).toBeLessThan(0.15);
  });
});
