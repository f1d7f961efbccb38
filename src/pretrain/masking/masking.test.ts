/** @file Masking: the released selection's statistics, and what holds for any lengths and settings. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import { randomStream } from '../../base/random.js';
import { scheduledShare } from './easy-to-hard.js';
import { type MaskSettings, maskDefaults, maskings } from './index.js';

interface Selection {
  readonly epoch: number;
  readonly total_epoch: number;
  readonly masked_fraction_mean: number;
  readonly masked_fraction_std: number;
  readonly fraction_of_hardest_fifth_masked: number;
  readonly mean_predicted_loss_of_masked_frames: number;
}
const own = 'test/fixtures/ehmam-official';
const given = join(process.env.EHMAM_FIXTURE ?? own, 'mask-selection.json');
/** A fixture of other model sizes may lack it: masks do not depend on them. */
const file = existsSync(given) ? given : join(own, 'mask-selection.json');
const official = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly frames: number;
  readonly mask_prob: number;
  readonly mask_length: number;
  readonly hard_frame_selection: readonly Selection[];
  readonly random_selection_masked_fraction_mean: number;
};

const { frames } = official;
const rows = 4;
/** As the fixture says: sin(t/17) + 0.1 cos(t/3), four identical rows. */
const predicted = Float32Array.from({ length: frames }, (_, t) => Math.sin(t / 17) + 0.1 * Math.cos(t / 3));
const hardestFifth = new Set(
  [...predicted.keys()]
    .sort((a, b) => (predicted[b] as number) - (predicted[a] as number))
    .slice(0, frames / 5),
);

const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const deviationOf = (values: readonly number[]): number => {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((x) => (x - mean) ** 2)));
};

/** Draws that the fixture's means were taken over, and ours: more, so that most of the error is theirs. */
const officialDraws = 500;
const draws = 1000;
/** Three standard errors of the difference of the two means. */
const apart = (deviation: number): number => 3 * deviation * Math.sqrt(1 / officialDraws + 1 / draws);

/** For each draw: masked fraction, share of the hardest fifth that is masked, mean predicted loss of masked frames. */
function statistics(strategy: string, progress: number, epochs: number) {
  const { mask_prob: probability, mask_length: span } = official;
  return Array.from({ length: draws }, (_, draw) => {
    const masks = maskings.find(strategy).choose({
      predictedLoss: Array.from({ length: rows }, () => predicted),
      lengths: Array.from({ length: rows }, () => frames),
      progress,
      settings: { ...maskDefaults, probability, span, epochs },
      random: randomStream(1, 'mask statistics', draw),
    });
    const masked = masks.map((mask) => [...mask.keys()].filter((t) => mask[t] === 1));
    return {
      fraction: meanOf(masked.map((row) => row.length)) / frames,
      hardest: meanOf(masked.map((row) => row.filter((t) => hardestFifth.has(t)).length / hardestFifth.size)),
      loss: meanOf(masked.flat().map((t) => predicted[t] as number)),
    };
  });
}

describe('easy-to-hard masking', () => {
  it.each(official.hard_frame_selection)(
    'selects as the released code does at epoch $epoch of $total_epoch',
    (expected) => {
      const drawn = statistics('easy-to-hard', expected.epoch / expected.total_epoch, expected.total_epoch);
      const fractions = drawn.map(({ fraction }) => fraction);
      const deviation = expected.masked_fraction_std;
      expect(Math.abs(meanOf(fractions) - expected.masked_fraction_mean)).toBeLessThan(apart(deviation));
      expect(deviationOf(fractions) / deviation).toBeGreaterThan(0.85);
      expect(deviationOf(fractions) / deviation).toBeLessThan(1.15);
      for (const [values, mean] of [
        [drawn.map(({ hardest }) => hardest), expected.fraction_of_hardest_fifth_masked],
        [drawn.map(({ loss }) => loss), expected.mean_predicted_loss_of_masked_frames],
      ] as const)
        expect(Math.abs(meanOf(values) - mean)).toBeLessThan(apart(deviationOf(values)));
    },
  );

  it('takes an epoch more hard starts in each epoch, and its cap once their share reaches 0.7', () => {
    const shares = Array.from({ length: 150 }, (_, epoch) => scheduledShare(maskDefaults, epoch / 150));
    shares.forEach((share, epoch) => {
      expect(share).toBe(epoch < 104 ? (epoch + 1) / 150 : 0.8);
    });
    expect(scheduledShare(maskDefaults, 0.9999)).toBe(0.8);
  });

  it('starts spans at the frames of highest predicted loss', () => {
    const loss = Float32Array.from({ length: 60 }, (_, t) => (t === 20 || t === 41 ? 9 : t / 100));
    const settings = { ...maskDefaults, probability: 2 / 12, capFrom: 0, shareCap: 1 };
    for (let draw = 0; draw < 20; draw++) {
      const [mask] = maskings.find('easy-to-hard').choose({
        predictedLoss: [loss],
        lengths: [60],
        progress: 0,
        settings,
        random: randomStream(draw, 'hard'),
      });
      for (const start of [20, 41])
        expect([...(mask as Uint8Array).slice(start, start + 5)]).toEqual([1, 1, 1, 1, 1]);
    }
  });

  it('masks at random where the hard share rounds to no start at all', () => {
    // So many epochs that 1 - 1 / epochs is 1.
    const settings = { ...maskDefaults, epochs: 2 ** 60 };
    const choose = (strategy: string) =>
      maskings.find(strategy).choose({
        predictedLoss: [predicted],
        lengths: [frames],
        progress: 0,
        settings,
        random: randomStream(3, 'none'),
      });
    expect(choose('easy-to-hard')).toEqual(choose('random'));
  });
});

describe('random masking', () => {
  it("masks the released code's share, wherever the loss is", () => {
    const drawn = statistics('random', 0.9, maskDefaults.epochs);
    const fractions = drawn.map(({ fraction }) => fraction);
    const mean = official.random_selection_masked_fraction_mean;
    expect(Math.abs(meanOf(fractions) - mean)).toBeLessThan(apart(deviationOf(fractions)));
    // Spans start before the last five frames, so of the hardest fifth about as much is masked as of all.
    expect(Math.abs(meanOf(drawn.map(({ hardest }) => hardest)) - mean)).toBeLessThan(0.02);
  });
});

const settings: fc.Arbitrary<MaskSettings> = fc.record({
  probability: fc.double({ min: 0.01, max: 1, noNaN: true }),
  span: fc.integer({ min: 1, max: 12 }),
  epochs: fc.integer({ min: 1, max: 200 }),
  capFrom: fc.double({ min: 0, max: 1, noNaN: true }),
  shareCap: fc.double({ min: 0, max: 1, noNaN: true }),
  adjust: fc.double({ min: 0, max: 0.3, noNaN: true }),
});

const valuesOf = (purpose: string, lengths: readonly number[], seed: number): Float32Array[] =>
  lengths.map((length, row) => {
    const random = randomStream(seed, purpose, row);
    return Float32Array.from({ length }, () => random.normal());
  });

describe.each(maskings.all().map(({ name }) => name))(
  '%s masking, for any lengths and settings',
  (strategy) => {
    const request = fc.record({
      lengths: fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 5 }),
      settings,
      progress: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      seed: fc.nat(),
    });
    const choose = ({
      lengths,
      settings: chosen,
      progress,
      seed,
    }: typeof request extends fc.Arbitrary<infer R> ? R : never) =>
      maskings.find(strategy).choose({
        predictedLoss: valuesOf('loss', lengths, seed),
        actualLoss: valuesOf('actual loss', lengths, seed),
        energy: valuesOf('energy', lengths, seed),
        lengths,
        progress,
        settings: chosen,
        random: randomStream(seed, 'mask'),
      });
    const counts = (masks: readonly Uint8Array[]): number[] =>
      masks.map((mask) => mask.reduce((sum, bit) => sum + bit, 0));

    it('masks equally many frames of every row, never none and never all', () => {
      fc.assert(
        fc.property(request, (given) => {
          const masks = choose(given);
          const [count] = counts(masks);
          expect(new Set(counts(masks))).toEqual(new Set([count]));
          expect(count).toBeGreaterThan(0);
          expect(count).toBeLessThan(Math.min(...given.lengths));
        }),
        { numRuns: 400 },
      );
    });

    it('masks nothing behind the end of a row, and has rows of one length', () => {
      fc.assert(
        fc.property(request, (given) => {
          const longest = Math.max(...given.lengths);
          for (const [row, mask] of choose(given).entries()) {
            expect(mask.length).toBe(longest);
            expect([...mask.slice(given.lengths[row])].every((bit) => bit === 0)).toBe(true);
          }
        }),
      );
    });

    it('repeats with the same random numbers', () => {
      fc.assert(
        fc.property(request, (given) => {
          expect(choose(given)).toEqual(choose(given));
        }),
        { numRuns: 50 },
      );
    });

    it('masks no more frames than all spans together', () => {
      fc.assert(
        fc.property(request, (given) => {
          const { probability, span } = given.settings;
          const shortest = Math.min(...given.lengths);
          const spans = Math.max(1, Math.floor((probability * shortest) / span + 1));
          expect(counts(choose(given))[0]).toBeLessThanOrEqual(spans * span);
        }),
      );
    });
  },
);

it('an unknown strategy is an error that lists those there are', () => {
  expect(() => maskings.find('hardest')).toThrow(UserError);
  expect(() => maskings.find('hardest')).toThrow(/unknown masking strategy 'hardest'.*easy-to-hard, random/);
});
