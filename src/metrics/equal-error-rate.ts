/** @file Equal error rate of a verifier (SUPERB ASV). */
import { UserError } from '../base/errors.js';
import type { StatisticMetric } from './metric-value.js';
import { indexUnits, timesDrawn } from './statistic.js';

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
  const rate = crossing(sortedTrials(trials, one, one), [1]);
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
 * @throws UserError where trials of one kind are missing
 */
export function equalErrorRateStatistic(trials: readonly GroupedTrial[]): StatisticMetric {
  const value = equalErrorRate(trials);
  const { units, index } = indexUnits(trials.flatMap(({ unit, otherUnit = unit }) => [unit, otherUnit]));
  const firsts = index.filter((_, i) => i % 2 === 0);
  const seconds = index.filter((_, i) => i % 2 === 1);
  const sorted = sortedTrials(trials, firsts, seconds);
  return { value, units, redraw: (drawn) => crossing(sorted, timesDrawn(drawn, units.length)) };
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

/** The equal error rate where units count so many times; NaN where the trials of one kind count nothing. */
function crossing(trials: SortedTrials, times: ArrayLike<number>): number {
  const { scores, same, firsts, seconds } = trials;
  const counts = new Float64Array(scores.length);
  let [targets, others] = [0, 0];
  for (let i = 0; i < counts.length; i++) {
    const [first, second] = [firsts[i] as number, seconds[i] as number];
    const count = (times[first] as number) * (first === second ? 1 : (times[second] as number));
    counts[i] = count;
    if (same[i] === 1) targets += count;
    else others += count;
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
