/** @file What differences a paired test can find: by its formula, and by trying it. */
import { describe, expect, it } from 'vitest';
import { randomStream } from '../base/random.js';
import { meanOfGroupsStatistic } from './mean-of-groups.js';
import type { StatisticMetric } from './metric-value.js';
import { type PairedDifference, pairedBootstrap } from './paired.js';
import { detectableDifference, familyFactor } from './power.js';
import type { Share } from './shares.js';

describe('the detectable difference', () => {
  it('is 1.96 and 0.84 standard errors', () => {
    // scipy: norm.ppf(0.975) + norm.ppf(0.8) = 2.801585
    expect(detectableDifference({ standardError: 0.01 })).toBeCloseTo(0.02801585, 7);
    // norm.ppf(0.995) + norm.ppf(0.9) = 3.857381
    expect(detectableDifference({ standardError: 1 }, { level: 0.01, power: 0.9 })).toBeCloseTo(3.857381, 5);
  });

  it('is larger where few seeds make the standard error: 2.776 + 0.84 of four degrees', () => {
    expect(detectableDifference({ standardError: 1, degrees: 4 })).toBeCloseTo(2.776445 + 0.841621, 5);
  });

  it('must pass a tolerance besides', () => {
    expect(detectableDifference({ standardError: 0.01 }, { tolerance: 0.05 })).toBeCloseTo(0.05841621, 7);
    expect(detectableDifference({ standardError: 0.01 }, { tolerance: 0.01 })).toBeCloseTo(0.02801585, 7);
  });

  it('is unknown of systems that do the same', () => {
    const same: Share[] = Array.from({ length: 9 }, () => ({ numerator: 1, denominator: 1 }));
    const paired = pairedBootstrap(same, same, { seed: 1, resamples: 20 });
    expect(detectableDifference(paired)).toBeUndefined();
  });

  it('grows with the comparisons that share one level', () => {
    expect(familyFactor(1)).toBeCloseTo(1, 12);
    // scipy: (norm.ppf(1 - 0.05 / 24) + norm.ppf(0.8)) / 2.801585
    expect(familyFactor(12)).toBeCloseTo(1.323, 3);
  });
});

const discordant = 0.2;

/** Whether each utterance is right, of two systems: the second one wins `wins` of them, and loses the rest of a fifth. */
function drawSystems(seed: string, utterances: number, wins: number): [first: number[], second: number[]] {
  const random = randomStream(1, seed);
  const drawn = Array.from({ length: utterances }, () => random.uniform());
  const lost = (at: number): boolean => at >= wins && at < discordant;
  return [drawn.map((at) => (at < wins ? 0 : 1)), drawn.map((at) => (lost(at) ? 0 : 1))];
}

/** How often test sets whose second system wins so much show a difference at 5 %. */
function foundShare(wins: number, test: (seed: string, wins: number) => PairedDifference): number {
  const simulations = 250;
  const found = Array.from({ length: simulations }, (_, i) => test(`set ${i}`, wins).pValue < 0.05);
  return found.filter(Boolean).length / simulations;
}

describe('a difference as large as the detectable one', () => {
  const options = { seed: 1, resamples: 100 };
  const rightOf = (values: readonly number[]): Share[] =>
    values.map((numerator) => ({ numerator, denominator: 1 }));
  /** Utterances of one speaker go the same way: three rows a speaker. */
  const ofSpeakers = (values: readonly number[]): StatisticMetric => {
    const rows = [0, 1, 2].flatMap(() => values);
    const speakers = rows.map((_, i) => `s${i % values.length}`);
    return meanOfGroupsStatistic(rows, new Array<string>(rows.length).fill('all'), speakers);
  };
  const tests = {
    'a ratio': (seed: string, wins: number) => {
      const [first, second] = drawSystems(seed, 200, wins).map(rightOf) as [Share[], Share[]];
      return pairedBootstrap(first, second, options);
    },
    'a statistic over speakers': (seed: string, wins: number) => {
      const [first, second] = drawSystems(seed, 100, wins).map(ofSpeakers) as [
        StatisticMetric,
        StatisticMetric,
      ];
      return pairedBootstrap(first, second, options);
    },
  };

  it.each(['a ratio', 'a statistic over speakers'] as const)(
    'is found in about 80 % of test sets: %s',
    (metric) => {
      const test = tests[metric];
      const said = detectableDifference(test('pilot 1', discordant / 2)) ?? Number.NaN;
      // Two standard errors of 250 simulations are 5 %; the pilot knows its standard error to some 7 %, which is 5 % more.
      const found = foundShare((discordant + said) / 2, test);
      expect(found).toBeGreaterThan(0.7);
      expect(found).toBeLessThan(0.9);
    },
  );

  it('is not found where there is none, but in about 5 %', () => {
    expect(foundShare(discordant / 2, tests['a ratio'])).toBeLessThan(0.09);
  });
});
