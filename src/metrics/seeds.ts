/** @file The same experiment with several seeds: mean, spread, and an interval for both kinds of chance. */
import type { PairedDifference } from './paired.js';
import { student95 } from './quantile.js';
import { twoSidedStudent } from './student.js';

export interface SeedSummary {
  readonly mean: number;
  /** Standard deviation of the sample (n - 1); 0 for a single seed. */
  readonly deviation: number;
  readonly seeds: number;
}

/** Mean and standard deviation over seeds. At least one value. */
export function overSeeds(values: readonly number[]): SeedSummary {
  const seeds = values.length;
  if (seeds === 0) throw new Error('no seed');
  const mean = values.reduce((sum, value) => sum + value, 0) / seeds;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: seeds === 1 ? 0 : Math.sqrt(squares / (seeds - 1)), seeds };
}

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
 */
export function mixedInterval(results: readonly SeedResult[]): [low: number, high: number] {
  const { mean } = overSeeds(results.map(({ value }) => value));
  const ofSeeds = seedVariances([results.map(({ value }) => value)]);
  const halfWidth = (widths: readonly number[]): number => overSeeds(widths).mean;
  return [
    mean - reach(ofSeeds, halfWidth(results.map(({ value, interval }) => value - interval[0]))),
    mean + reach(ofSeeds, halfWidth(results.map(({ value, interval }) => interval[1] - value))),
  ];
}

/**
 * A difference of two systems' means over seeds, with the chance of both systems' seeds added to that of the test set;
 * the p-value is Student's. A system of one seed does not show its chance: it is taken to vary as the other does.
 * @param paired over utterances, all seeds of a system together
 * @param first the baseline's value from each of its seeds
 */
export function mixedDifference(
  paired: PairedDifference,
  first: readonly number[],
  second: readonly number[],
): PairedDifference {
  const { difference, interval } = paired;
  const ofSeeds = seedVariances([first, second]);
  if (ofSeeds.every(({ variance }) => variance === 0)) return paired;
  const { all, degrees } = mixed(ofSeeds, (interval[1] - interval[0]) / 2);
  return {
    difference,
    interval: [
      difference - reach(ofSeeds, difference - interval[0]),
      difference + reach(ofSeeds, interval[1] - difference),
    ],
    pValue: twoSidedStudent(difference / Math.sqrt(all), degrees),
  };
}

interface Variance {
  /** Of a mean over seeds. */
  readonly variance: number;
  readonly degrees: number;
}

/** The variance that each group's seeds give to its mean; a group of one seed borrows that of one with more. */
function seedVariances(groups: readonly (readonly number[])[]): Variance[] {
  const shown = groups.filter((values) => values.length > 1);
  const lone = groups.length - shown.length;
  return shown.map((values, i) => {
    const { deviation, seeds } = overSeeds(values);
    return { variance: deviation ** 2 * (1 / seeds + (i === 0 ? lone : 0)), degrees: seeds - 1 };
  });
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
