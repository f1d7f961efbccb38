/** @file The schedule played through: against the released selection's statistics, and how spans overlap. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../base/random.js';
import { maskDefaults } from '../masking/index.js';
import { courseEpochs, playCourse } from './course.js';

const { hard_frame_selection: official } = JSON.parse(
  readFileSync('test/fixtures/ehmam-official/mask-selection.json', 'utf8'),
) as { hard_frame_selection: { epoch: number; masked_fraction_mean: number }[] };
/** The predicted loss that those statistics were taken for. */
const smooth = Float32Array.from({ length: 400 }, (_, t) => Math.sin(t / 17) + 0.1 * Math.cos(t / 3));

describe('the schedule', () => {
  it('is looked at from its first epoch to its last, each once', () => {
    expect(courseEpochs(150)).toHaveLength(16);
    expect([courseEpochs(150)[0], courseEpochs(150).at(-1)]).toEqual([0, 149]);
    expect(courseEpochs(4)).toEqual([0, 1, 2, 3]);
    expect(courseEpochs(1)).toEqual([0]);
  });

  it('hides the share that the released selection hides, at its ends', () => {
    const course = playCourse(Array(20).fill(smooth), maskDefaults, 1);
    for (const epoch of [0, 149]) {
      const expected = official.find((each) => each.epoch === epoch)?.masked_fraction_mean as number;
      const found = course.find((each) => each.epoch === epoch)?.maskedFraction as number;
      // A batch of four is cut to its smallest row; here every utterance stands alone, so some hundredths more.
      expect(found).toBeGreaterThan(expected - 0.005);
      expect(found).toBeLessThan(expected + 0.03);
    }
  });

  it('has hard spans that overlap where hard frames cluster, and less where they are scattered', () => {
    const random = randomStream(1, 'scattered');
    const scattered = smooth.map(() => random.normal());
    const overlap = (losses: Float32Array) => playCourse([losses], maskDefaults, 1).at(-1)?.hardSpanOverlap;
    // 32 adjacent starts of spans of 5 hide about 36 frames instead of 160; of two humps twice that.
    expect(overlap(smooth)).toBeGreaterThan(0.6);
    expect(overlap(scattered)).toBeLessThan(0.4);
  });

  it('knows no overlap before there are two hard starts', () => {
    const few = { ...maskDefaults, epochs: 1000, probability: 0.02 };
    expect(playCourse([smooth], few, 1)[0]?.hardSpanOverlap).toBeUndefined();
  });
});
