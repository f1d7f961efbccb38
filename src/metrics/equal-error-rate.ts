/** @file Equal error rate of a verifier (SUPERB ASV). */
import { UserError } from '../base/errors.js';

export interface Trial {
  /** Higher: more likely the same speaker. */
  readonly score: number;
  readonly same: boolean;
}

/**
 * The error rate at the threshold where false rejections and false acceptances are equally frequent, linear between
 * the two thresholds around the crossing (s3prl interpolates the ROC curve, which is the same line).
 * @throws UserError where trials of one kind are missing
 */
export function equalErrorRate(trials: readonly Trial[]): number {
  const same = trials.filter((trial) => trial.same).length;
  const different = trials.length - same;
  if (same === 0 || different === 0) {
    throw new UserError(
      `${same} trials of the same speaker and ${different} of different ones give no equal error rate`,
      {
        mend: 'Give trials of both kinds',
      },
    );
  }
  const sorted = [...trials].sort((a, b) => b.score - a.score);
  let [accepted, falsely] = [0, 0];
  // The point before any acceptance: everything is rejected.
  let [rejection, acceptance] = [1, 0];
  for (const [i, { score, same: target }] of sorted.entries()) {
    if (target) accepted++;
    else falsely++;
    // Equal scores are accepted together.
    if (sorted[i + 1]?.score === score) continue;
    const [nextRejection, nextAcceptance] = [1 - accepted / same, falsely / different];
    if (nextAcceptance >= nextRejection) {
      const gap = rejection - acceptance;
      const share = gap / (gap + nextAcceptance - nextRejection);
      return acceptance + share * (nextAcceptance - acceptance);
    }
    [rejection, acceptance] = [nextRejection, nextAcceptance];
  }
  return acceptance;
}
