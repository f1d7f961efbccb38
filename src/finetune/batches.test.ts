/** @file Tests of how utterances come together: packed by length, ordered anew each epoch, cut into parts of few shapes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochsOf, packBatches, paddedSamples, partsOf, targetWidths } from './batches.js';

const encoder = { minimumSamples: 400, hopSamples: 320 };

describe('batches', () => {
  it('hold every utterance once, as many samples as allowed with padding counted, in multiples of eight', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 60 }), (lengths) => {
        const batches = packBatches(lengths, { samples: 300, multiple: 8 }, 1);
        expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
        for (const [i, batch] of batches.entries()) {
          const longest = Math.max(...batch.map((place) => lengths[place] as number));
          expect(longest * batch.length).toBeLessThanOrEqual(300);
          if (batch.length > 8 && i < batches.length - 1) expect(batch.length % 8).toBe(0);
        }
        const order = batches.flat().map((place) => lengths[place] as number);
        expect(order).toEqual([...order].sort((a, b) => b - a));
      }),
    );
  });

  it('of fairseq: 200 s hold thirteen of 15 s, of which eight go together', () => {
    const seconds = 16_000;
    const batches = packBatches(
      new Array<number>(20).fill(15 * seconds),
      { samples: 200 * seconds, multiple: 8 },
      1,
    );
    expect(batches.map(({ length }) => length)).toEqual([8, 12]);
    expect(packBatches([250 * seconds, seconds], { samples: 200 * seconds, multiple: 8 }, 1)).toEqual([
      [0],
      [1],
    ]);
  });

  it('come in another order each epoch, and an update ends with its epoch', () => {
    const epochs = epochsOf(5, 2, 1);
    expect(epochs.updatesAnEpoch).toBe(3);
    const epoch = (number: number): number[] =>
      [0, 1, 2].flatMap((update) => [...epochs.batchesOf(3 * number + update)]);
    for (const number of [0, 1, 2, 0]) expect(epoch(number).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(epochs.batchesOf(2)).toHaveLength(1);
    expect(new Set([0, 1, 2, 3, 4, 5].map((number) => epoch(number).join())).size).toBeGreaterThan(3);
    expect(epochsOf(5, 2, 1).batchesOf(7)).toEqual(epochs.batchesOf(7));
  });
});

describe('shapes', () => {
  it('are a ninth longer than what they hold, at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600_000 }), (samples) => {
        const padded = paddedSamples(samples, encoder);
        expect(padded).toBeGreaterThanOrEqual(samples);
        expect((padded - encoder.minimumSamples) % encoder.hopSamples).toBe(0);
        if (samples > 20_000) expect(padded / samples).toBeLessThan(1.12);
        expect(paddedSamples(samples + 1, encoder)).toBeGreaterThanOrEqual(padded);
      }),
    );
  });

  it('are few: eight an octave of lengths', () => {
    const shapes = new Set(Array.from({ length: 3500 }, (_, i) => paddedSamples(8000 + 160 * i, encoder)));
    expect(shapes.size).toBeLessThan(52);
  });

  it('of the parts of a batch are the same, and hold its rows in their order', () => {
    const lengths = [9000, 8000, 8500, 7000, 6000];
    const parts = partsOf([0, 2, 1, 3, 4], lengths, 20_000, encoder);
    const samples = paddedSamples(9000, encoder);
    expect(parts.map((part) => ({ ...part, rows: part.rows.join() }))).toEqual([
      { first: 0, rows: '0,2', size: 2, samples },
      { first: 2, rows: '1,3', size: 2, samples },
      { first: 4, rows: '4', size: 2, samples },
    ]);
    expect(partsOf([0, 1], lengths, 1, encoder)).toHaveLength(2);
    expect(partsOf([0, 1], lengths, 1e6, encoder)).toMatchObject([{ size: 2 }]);
  });

  it('of targets go by those of audio', () => {
    const widthOf = targetWidths([3, 40, 17], [6000, 90_000, 50_000], encoder);
    expect(widthOf(paddedSamples(6000, encoder))).toBe(16);
    expect(widthOf(paddedSamples(50_000, encoder))).toBe(32);
    expect(widthOf(paddedSamples(90_000, encoder))).toBe(48);
  });
});
