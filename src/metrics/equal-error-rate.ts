/** @file Equal error rate of a verifier (SUPERB ASV). */
import { UserError } from '../base/errors.js';
import { type RandomStream, randomStream } from '../base/random.js';
import type { StatisticMetric } from './metric-value.js';
import { indexUnits, timesDrawn } from './statistic.js';
import { student95 } from './student.js';

export interface Trial {
  /** Higher: more likely the same speaker. */
  readonly score: number;
  readonly same: boolean;
}

/** A trial and what it is drawn with: itself, or the speakers whose trials are not independent of each other. */
export interface GroupedTrial extends Trial {
  readonly unit: string;
  /** Of a trial of two speakers, the other one: it is drawn as often as both are, each time of one with each of the other. */
  readonly otherUnit?: string | undefined;
}

/**
 * The error rate at the threshold where false rejections and false acceptances are equally frequent, linear between
 * the two thresholds around the crossing (s3prl interpolates the ROC curve, which is the same line).
 * @throws UserError where trials of one kind are missing, or a score is no number
 */
export function equalErrorRate(trials: readonly Trial[]): number {
  const wrong = trials.findIndex(({ score }) => Number.isNaN(score));
  if (wrong >= 0) throw new UserError(`trial ${wrong + 1} of ${trials.length} has no score`);
  const one = new Int32Array(trials.length);
  const rate = crossing(sortedTrials(trials, one, one), new Float64Array(trials.length).fill(1));
  if (!Number.isNaN(rate)) return rate;
  const same = trials.filter((trial) => trial.same).length;
  const different = trials.length - same;
  throw new UserError(
    `${same} trials of the same speaker and ${different} of different speakers: an equal error rate needs both`,
    {
      hint: 'Add trials of the missing kind',
    },
  );
}

/**
 * The same as a statistic: all trials of a unit are drawn together. A draw takes time linear in the trials.
 * Where trials have two units, a draw lies nearer to the value than the drawn trials say, by the factor that `spreadOfDraws` finds.
 * @throws UserError where trials of one kind are missing
 */
export function equalErrorRateStatistic(trials: readonly GroupedTrial[]): StatisticMetric {
  const value = equalErrorRate(trials);
  const { units, index } = indexUnits(trials.flatMap(({ unit, otherUnit = unit }) => [unit, otherUnit]));
  const firsts = index.filter((_, i) => i % 2 === 0);
  const seconds = index.filter((_, i) => i % 2 === 1);
  const sorted = sortedTrials(trials, firsts, seconds);
  let spread: number | undefined;
  return {
    value,
    units,
    redraw: (drawn) => {
      spread ??= spreadOfDraws(sorted, units.length);
      const drawnRate = crossing(sorted, countsOf(sorted, timesDrawn(drawn, units.length)));
      return Math.min(1, Math.max(0, value + spread * (drawnRate - value)));
    },
  };
}

/** Draws of which the spread of an equal error rate is estimated. */
const spreadDraws = 300;

/**
 * What the spread of draws of both units is multiplied by; 1 where each trial has one unit.
 *
 * A trial that counts as often as both of its units are drawn has the variance (1 + 1)(1 + 1) - 1 = 3 where it should have
 * 1: what units have in common is counted once, a trial's own noise three times (Owen 2007, "The pigeonhole bootstrap").
 * Twice the variance of draws of single trials is taken off again, down to that of draws of all trials, which is what
 * remains where units have nothing in common. The rest is widened as for a mean of so few units
 * (Hesterberg 2015, "What teachers should know about the bootstrap", expanded percentile intervals).
 */
function spreadOfDraws(trials: SortedTrials, units: number): number {
  const { firsts, seconds } = trials;
  if (firsts.every((first, i) => first === seconds[i])) return 1;
  const times = new Float64Array(units);
  const ofUnits = varianceOf('units of an equal error rate', (random) => {
    times.fill(0);
    for (let i = 0; i < units; i++) addOne(times, random.integer(units));
    return crossing(trials, countsOf(trials, times));
  });
  const everyTrial = Int32Array.from(firsts.keys());
  const ofTrials = varianceOfTrials(trials, everyTrial);
  const noise = varianceOfTrials(
    trials,
    everyTrial.filter((i) => firsts[i] !== seconds[i]),
  );
  if (!(ofUnits > 0)) return 1;
  const fewUnits =
    (student95(units - 1) / student95(Number.POSITIVE_INFINITY)) * Math.sqrt(units / (units - 1));
  return Math.sqrt(Math.max(ofUnits - 2 * noise, ofTrials) / ofUnits) * fewUnits;
}

/** The variance of the rate where these trials are drawn one by one, and all others count once. */
function varianceOfTrials(trials: SortedTrials, drawable: Int32Array): number {
  const counts = new Float64Array(trials.scores.length);
  return varianceOf('trials of an equal error rate', (random) => {
    counts.fill(1);
    for (const i of drawable) counts[i] = 0;
    for (let n = 0; n < drawable.length; n++)
      addOne(counts, drawable[random.integer(drawable.length)] as number);
    return crossing(trials, counts);
  });
}

function addOne(counts: Float64Array, place: number): void {
  counts[place] = (counts[place] as number) + 1;
}

/** The variance of a rate over draws, those without a value left out. */
function varianceOf(purpose: string, draw: (random: RandomStream) => number): number {
  const values = Array.from({ length: spreadDraws }, (_, i) => draw(randomStream(0, purpose, i)));
  const known = values.filter((value) => Number.isFinite(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1);
}

/** Trials by falling score. */
interface SortedTrials {
  readonly scores: Float64Array;
  readonly same: Uint8Array;
  /** Indices of each one's two units; twice the same where it has one. */
  readonly firsts: Int32Array;
  readonly seconds: Int32Array;
}

function sortedTrials(trials: readonly Trial[], firsts: Int32Array, seconds: Int32Array): SortedTrials {
  const order = trials.map((_, i) => i);
  order.sort((i, j) => (trials[j] as Trial).score - (trials[i] as Trial).score);
  return {
    scores: Float64Array.from(order, (i) => (trials[i] as Trial).score),
    same: Uint8Array.from(order, (i) => ((trials[i] as Trial).same ? 1 : 0)),
    firsts: Int32Array.from(order, (i) => firsts[i] as number),
    seconds: Int32Array.from(order, (i) => seconds[i] as number),
  };
}

/** How often each trial counts where units count so many times. */
function countsOf({ firsts, seconds }: SortedTrials, times: ArrayLike<number>): Float64Array {
  return Float64Array.from(firsts, (first, i) => {
    const second = seconds[i] as number;
    return (times[first] as number) * (first === second ? 1 : (times[second] as number));
  });
}

/** The equal error rate where trials count so often; NaN where those of one kind count nothing. */
function crossing({ scores, same }: SortedTrials, counts: Float64Array): number {
  let [targets, others] = [0, 0];
  for (let i = 0; i < counts.length; i++) {
    if (same[i] === 1) targets += counts[i] as number;
    else others += counts[i] as number;
  }
  if (targets === 0 || others === 0) return Number.NaN;
  let [accepted, falsely] = [0, 0];
  // The point before any acceptance: everything is rejected.
  let [rejection, acceptance] = [1, 0];
  for (let i = 0; i < scores.length; i++) {
    const count = counts[i] as number;
    if (same[i] === 1) accepted += count;
    else falsely += count;
    // Equal scores are accepted together.
    if (scores[i + 1] === scores[i]) continue;
    const [nextRejection, nextAcceptance] = [1 - accepted / targets, falsely / others];
    if (nextAcceptance >= nextRejection) {
      const gap = rejection - acceptance;
      const share = gap / (gap + nextAcceptance - nextRejection);
      return acceptance + share * (nextAcceptance - acceptance);
    }
    [rejection, acceptance] = [nextRejection, nextAcceptance];
  }
  return acceptance;
}
