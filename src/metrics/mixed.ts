/** @file Intervals and differences over several seeds, which allow for chance in the seeds and in the test set. */
import { varianceRatioChance } from './incomplete-beta.js';
import type { PairedDifference } from './paired.js';
import { overSeeds } from './seeds.js';
import { student95, twoSidedStudent } from './student.js';

export interface SeedResult {
  readonly value: number;
  /** 95 % over test utterances, which all seeds share. */
  readonly interval: readonly [low: number, high: number];
}

/**
 * A 95 % interval of the mean over seeds that allows for chance in the seeds and in the test set. The two are
 * independent, so their variances add; that of the test set does not shrink with the number of seeds, because every
 * seed meets the same utterances. Student's t takes Welch's and Satterthwaite's degrees of freedom: few where the
 * seeds, which are few, make most of the variance.
 * @param others values of systems that may vary as this one does, one list a system (`seedVariances`)
 */
export function mixedInterval(
  results: readonly SeedResult[],
  others: readonly (readonly number[])[] = [],
): [low: number, high: number] {
  const { mean } = overSeeds(results.map(({ value }) => value));
  const ofSeeds = seedVariances([results.map(({ value }) => value)], others);
  const halfWidth = (widths: readonly number[]): number => overSeeds(widths).mean;
  return [
    mean - reach(ofSeeds, halfWidth(results.map(({ value, interval }) => value - interval[0]))),
    mean + reach(ofSeeds, halfWidth(results.map(({ value, interval }) => interval[1] - value))),
  ];
}

/**
 * A difference of two systems' means over seeds, with the chance of both systems' seeds added to that of the test set.
 * The p-value is Student's on the side of the interval that faces zero, so that it is below 5 % exactly where the interval
 * excludes zero. A system of one seed does not show its chance: it is taken to vary as the other does.
 * @param paired over utterances, all seeds of a system together
 * @param first the baseline's value from each of its seeds
 * @param others values of systems that may vary as these two do, one list a system (`seedVariances`)
 */
export function mixedDifference(
  paired: PairedDifference,
  first: readonly number[],
  second: readonly number[],
  others: readonly (readonly number[])[] = [],
): PairedDifference {
  const { difference, interval } = paired;
  const ofSeeds = seedVariances([first, second], others);
  if (ofSeeds.every(({ variance }) => variance === 0)) return paired;
  const facingZero = difference > 0 ? difference - interval[0] : interval[1] - difference;
  const { all, degrees } = mixed(ofSeeds, facingZero);
  return {
    difference,
    interval: [
      difference - reach(ofSeeds, difference - interval[0]),
      difference + reach(ofSeeds, interval[1] - difference),
    ],
    pValue: twoSidedStudent(difference / Math.sqrt(all), degrees),
    standardError: Math.sqrt(all),
    degrees,
  };
}

interface Variance {
  readonly variance: number;
  readonly degrees: number;
}

/** How rarely groups vary so much more than others by chance that they are taken for another kind: a study asks it dozens of times. */
const rare = 0.01;

/**
 * The variance that each group's seeds give to its mean; a group of one seed borrows that of one with more.
 * Three seeds show a variance badly. Where there are others, all are taken to vary alike from seed to seed, and one variance is
 * estimated from all (as an analysis of variance does): it has the degrees of freedom of all. Groups that vary more than the others,
 * by more than chance, keep their own.
 */
function seedVariances(
  groups: readonly (readonly number[])[],
  others: readonly (readonly number[])[],
): Variance[] {
  const shown = groups.filter((values) => values.length > 1);
  const rest = others.filter((values) => values.length > 1);
  if (shown.length > 0 && rest.length > 0) {
    const [own, theirs] = [pooled(shown), pooled(rest)];
    const ratio = own.variance / theirs.variance;
    if (own.variance === 0 || varianceRatioChance(ratio, own.degrees, theirs.degrees) >= rare) {
      const { variance, degrees } = pooled([...shown, ...rest]);
      const shares = groups.reduce((sum, { length }) => sum + 1 / length, 0);
      return [{ variance: variance * shares, degrees }];
    }
  }
  const lone = groups.length - shown.length;
  return shown.map((values, i) => {
    const { deviation, seeds } = overSeeds(values);
    return { variance: deviation ** 2 * (1 / seeds + (i === 0 ? lone : 0)), degrees: seeds - 1 };
  });
}

/** The variance from seed to seed within groups. */
function pooled(groups: readonly (readonly number[])[]): Variance {
  const all = groups.map(overSeeds);
  const degrees = all.reduce((sum, { seeds }) => sum + seeds - 1, 0);
  const squares = all.reduce((sum, { deviation, seeds }) => sum + deviation ** 2 * (seeds - 1), 0);
  return { variance: squares / degrees, degrees };
}

/** Variances of seeds and test set together, and their degrees of freedom. */
function mixed(ofSeeds: readonly Variance[], halfWidth: number): { all: number; degrees: number } {
  const seeds = ofSeeds.reduce((sum, { variance }) => sum + variance, 0);
  const all = seeds + (halfWidth / student95(Number.POSITIVE_INFINITY)) ** 2;
  const uncertain = ofSeeds.reduce((sum, { variance, degrees }) => sum + variance ** 2 / degrees, 0);
  return { all, degrees: uncertain === 0 ? Number.POSITIVE_INFINITY : all ** 2 / uncertain };
}

/** How far the interval reaches on a side where that of the test set alone reaches `halfWidth`. */
function reach(ofSeeds: readonly Variance[], halfWidth: number): number {
  const { all, degrees } = mixed(ofSeeds, halfWidth);
  return student95(degrees) * Math.sqrt(all);
}
