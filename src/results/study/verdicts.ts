/** @file Whether a strategy is better than the baseline, task by task, with one correction over all that a study compares. */
import type { Task } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import { detectableDifference, holm, type PairedDifference } from '../../metrics/index.js';
import { pairedDifference } from '../paired.js';
import type { StoredRecord } from '../record.js';

export type StudyOutcome = 'better' | 'worse' | 'no difference' | 'not tested';

/** Two strategies of one size on one task. */
export interface StudyPair {
  readonly size: string;
  readonly strategy: string;
  readonly task: string;
  readonly metric: string;
  readonly direction: 'higher' | 'lower';
  /** Records of the baseline, and of the strategy: one a seed. */
  readonly before: readonly StoredRecord[];
  readonly after: readonly StoredRecord[];
  /** Values of the other strategies of the size: seeds are taken to change all alike, which three of each do not show alone. */
  readonly others: readonly (readonly number[])[];
}

export interface StudyVerdict extends Omit<StudyPair, 'before' | 'after' | 'others'> {
  readonly verdict: StudyOutcome;
  /** The strategy's mean less the baseline's, with its 95 % interval over seeds and the test set. */
  readonly difference?: number;
  readonly interval?: readonly [low: number, high: number];
  /** After Holm's correction over the study. */
  readonly pValue?: number;
  /**
   * The smallest true difference that would have been found four times in five, were it the only one of the study; missing
   * where both predicted the same.
   */
  readonly detectable?: number;
  /** Why it could not be tested. */
  readonly why?: string;
}

const level = 0.05;

/**
 * Tests all pairs as one family: over seeds and the test set where there are several seeds (`mixedDifference`).
 * @returns a verdict a pair, in their order
 */
export async function studyVerdicts(
  pairs: readonly StudyPair[],
  tasks: readonly Task[],
): Promise<readonly StudyVerdict[]> {
  const found: (PairedDifference | string)[] = [];
  for (const { before, after, metric, others } of pairs) {
    if (before.length < 2 || after.length < 2) {
      found.push('results of two or more seeds are needed on both sides');
      continue;
    }
    try {
      found.push(await pairedDifference(before, after, metric, tasks, others));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      found.push(error.message);
    }
  }
  const tested = found.filter((each) => typeof each !== 'string');
  const corrected = holm(tested.map(({ pValue }) => pValue));
  const pValues = new Map(tested.map((each, i) => [each, corrected[i] as number]));
  return pairs.map(({ before: _before, after: _after, others: _others, ...pair }, i) => {
    const paired = found[i] as PairedDifference | string;
    if (typeof paired === 'string') return { ...pair, verdict: 'not tested', why: paired };
    const { difference, interval } = paired;
    const pValue = pValues.get(paired) as number;
    const detectable = detectableDifference(paired, { level: level / tested.length });
    const ahead = pair.direction === 'higher' ? difference > 0 : difference < 0;
    return {
      ...pair,
      verdict: pValue >= level ? 'no difference' : ahead ? 'better' : 'worse',
      ...{ difference, interval, pValue },
      ...(detectable !== undefined && { detectable }),
    };
  });
}
