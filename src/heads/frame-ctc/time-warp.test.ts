/** @file The time warp: order stays, ends stay, padding stays. */
import { expect, test } from 'vitest';
import { floatsOf } from '../../base/host-tensor.js';
import { timeWarps } from './time-warp.js';

/** Where each frame of an utterance comes from. */
function positions(matrix: Float32Array, frames: number): number[] {
  return Array.from({ length: frames }, (_, frame) =>
    matrix
      .subarray(frame * frames, (frame + 1) * frames)
      .reduce((sum, share, source) => sum + share * source, 0),
  );
}

test('frames keep their order, the ends and the padding their places, and something moves', () => {
  const [frames, lengths] = [40, [40, 25, 8]];
  let moved = 0;
  for (let update = 0; update < 30; update++) {
    const all = floatsOf(timeWarps({ size: 3, frames, lengths }, 5, 1, update));
    lengths.forEach((length, row) => {
      const matrix = all.subarray(row * frames * frames, (row + 1) * frames * frames);
      for (let frame = 0; frame < frames; frame++) {
        const sum = matrix.subarray(frame * frames, (frame + 1) * frames).reduce((a, b) => a + b, 0);
        expect(sum).toBeCloseTo(1, 6);
      }
      const places = positions(matrix, frames);
      places.forEach((place, i) => {
        // A cubic overshoots a little where a side is stretched the most.
        if (i > 0) expect(place).toBeGreaterThanOrEqual((places[i - 1] as number) - 0.2);
        if (i >= length || length <= 10) expect(place).toBeCloseTo(i, 4);
        else expect(Math.abs(place - i)).toBeLessThan(6);
      });
      moved = Math.max(moved, Math.abs((places[12] as number) - 12));
    });
  }
  expect(moved).toBeGreaterThan(1);
});
