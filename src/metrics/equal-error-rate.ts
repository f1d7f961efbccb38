/** @file Equal error rate of a verifier (SUPERB ASV). */
import { UserError } from '../base/errors.js';
import type { StatisticMetric } from './metric-value.js';
import { indexUnits, timesDrawn } from './statistic.js';

export interface Trial {
  /** Higher: more likely the same speaker. */
  readonly score: number;
  readonly same: boolean;
}

/** A trial and what it is drawn with: itself, or the speaker whose trials are not independent of each other. */
export interface GroupedTrial extends Trial {
  readonly unit: string;
}

/**
 * The error rate at the threshold where false rejections and false acceptances are equally frequent, linear between
 * the two thresholds around the crossing (s3prl interpolates the ROC curve, which is the same line).
 * @throws UserError where trials of one kind are missing, or a score is no number
 */
export function equalErrorRate(trials: readonly Trial[]): number {
  const wrong = trials.findIndex(({ score }) => Number.isNaN(score));
  if (wrong >= 0) throw new UserError(`trial ${wrong + 1} of ${trials.length} has no score`);
  const rate = crossing(sortedTrials(trials, new Int32Array(trials.length), 1), [1]);
  if (!Number.isNaN(rate)) return rate;
  const same = trials.filter((trial) => trial.same).length;
  const different = trials.length - same;
  throw new UserError(
    `${same} trials of the same speaker and ${different} of different ones give no equal error rate`,
    {
      mend: 'Give trials of both kinds',
    },
  );
}

/**
 * The same as a statistic: all trials of a unit are drawn together. A draw takes time linear in the trials.
 * @throws UserError where trials of one kind are missing
 */
export function equalErrorRateStatistic(trials: readonly GroupedTrial[]): StatisticMetric {
  const value = equalErrorRate(trials);
  const { units, index } = indexUnits(trials.map(({ unit }) => unit));
  const sorted = sortedTrials(trials, index, units.length);
  return { value, units, redraw: (drawn) => crossing(sorted, timesDrawn(drawn, units.length)) };
}

/** Trials by falling score. */
interface SortedTrials {
  readonly scores: Float64Array;
  readonly same: Uint8Array;
  /** Index of each one's unit. */
  readonly units: Int32Array;
  /** How many trials of the same and of different speakers a unit has. */
  readonly targets: Int32Array;
  readonly others: Int32Array;
}

function sortedTrials(trials: readonly Trial[], units: Int32Array, count: number): SortedTrials {
  const [targets, others] = [new Int32Array(count), new Int32Array(count)];
  for (const [i, { same }] of trials.entries()) {
    const [kind, unit] = [same ? targets : others, units[i] as number];
    kind[unit] = (kind[unit] as number) + 1;
  }
  const order = trials.map((_, i) => i);
  order.sort((i, j) => (trials[j] as Trial).score - (trials[i] as Trial).score);
  return {
    scores: Float64Array.from(order, (i) => (trials[i] as Trial).score),
    same: Uint8Array.from(order, (i) => ((trials[i] as Trial).same ? 1 : 0)),
    units: Int32Array.from(order, (i) => units[i] as number),
    targets,
    others,
  };
}

/** The equal error rate where the trials of a unit count so many times; NaN where those of one kind count nothing. */
function crossing(trials: SortedTrials, times: ArrayLike<number>): number {
  const { scores, same, units } = trials;
  let [targets, others] = [0, 0];
  for (let unit = 0; unit < times.length; unit++) {
    targets += (times[unit] as number) * (trials.targets[unit] as number);
    others += (times[unit] as number) * (trials.others[unit] as number);
  }
  if (targets === 0 || others === 0) return Number.NaN;
  let [accepted, falsely] = [0, 0];
  // The point before any acceptance: everything is rejected.
  let [rejection, acceptance] = [1, 0];
  for (let i = 0; i < scores.length; i++) {
    const count = times[units[i] as number] as number;
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
