/** @file Index tensors of masks: what they pick, and how long they are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../base/random.js';
import { maskTensors } from './mask-tensors.js';

/** Masks of one batch: every row as many ones, at random places. */
const masks = fc
  .record({ batch: fc.integer({ min: 1, max: 4 }), frames: fc.integer({ min: 2, max: 30 }), seed: fc.nat() })
  .chain(({ batch, frames, seed }) =>
    fc.integer({ min: 1, max: frames - 1 }).map((masked) =>
      Array.from({ length: batch }, (_, row) => {
        const hidden = randomStream(seed, 'row', row)
          .shuffle([...Array(frames).keys()])
          .slice(0, masked);
        const mask = new Uint8Array(frames);
        for (const t of hidden) mask[t] = 1;
        return mask;
      }),
    ),
  );

describe('mask tensors', () => {
  it('pick the visible frames in their order, with their indices, and know the way back', () => {
    fc.assert(
      fc.property(masks, fc.integer({ min: 1, max: 9 }), (batch, step) => {
        const { keptRows, restoredRows, keptPositions, keptPadding } = maskTensors(batch, step);
        const [rows, kept] = keptPadding.shape as [number, number];
        const frames = batch[0]?.length ?? 0;
        expect(rows).toBe(batch.length);
        batch.forEach((mask, b) => {
          const visible = [...mask.keys()].filter((t) => mask[t] === 0);
          const real = [...Array(kept).keys()].filter((k) => keptPadding.data[b * kept + k] === 0);
          expect(real).toEqual([...Array(visible.length).keys()]);
          expect(real.map((k) => keptRows.data[b * kept + k])).toEqual(visible.map((t) => b * frames + t));
          expect(real.map((k) => keptPositions.data[b * kept + k])).toEqual(visible);
          for (const [k, t] of visible.entries())
            expect(restoredRows.data[b * frames + t]).toBe(b * kept + k);
        });
      }),
    );
  });

  it('have a length that is a multiple of the step, or that of all frames', () => {
    fc.assert(
      fc.property(masks, (batch) => {
        const kept = maskTensors(batch).keptPadding.shape[1] as number;
        expect(kept % 8 === 0 || kept === batch[0]?.length).toBe(true);
      }),
    );
  });
});
