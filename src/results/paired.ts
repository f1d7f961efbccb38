/** @file Two groups of records on the same utterances (a group: one encoder and task, any number of seeds). */
import type { Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import {
  matchedPairs,
  mixedDifference,
  type PairedDifference,
  pairedBootstrap,
  ratioOfSums,
  type Share,
  sumByCluster,
} from '../metrics/index.js';
import type { StoredRecord } from './record.js';
import { scoresOf, type UtteranceScores } from './scores.js';

/** Chosen once: the same records give the same interval in every table. */
const bootstrapSeed = 1;

/**
 * The difference of a metric between two groups of records, paired by utterance; over speakers where they are to be
 * drawn (see `speakersToDraw`), and with the chance of seeds where a group has several. For word error rates of one
 * seed each the p-value is that of the matched-pairs test.
 * @throws UserError where the two were tested on different utterances, or predictions cannot be read
 */
export async function pairedDifference(
  first: readonly StoredRecord[],
  second: readonly StoredRecord[],
  metric: string,
  tasks: readonly Task[],
): Promise<PairedDifference> {
  const all: UtteranceScores[] = [];
  for (const stored of [...first, ...second]) {
    const scores = await scoresOf(stored, metric, tasks);
    // The order of the first one is everyone's.
    all.push(all[0] === undefined ? scores : inOrderOf(all[0].ids, scores, stored, first[0]));
  }
  const [before, after] = [all.slice(0, first.length), all.slice(first.length)];
  const [a, b] = [before[0], after[0]];
  if (a === undefined || b === undefined) throw new Error('an empty group');
  const { speakers } = a;
  const drawn = (group: readonly UtteranceScores[]): readonly Share[] => {
    const shares = summed(group);
    return speakers === undefined ? shares : sumByCluster(shares, speakers);
  };
  const paired = pairedBootstrap(drawn(before), drawn(after), { seed: bootstrapSeed });
  if (before.length > 1 || after.length > 1) {
    const values = (group: readonly UtteranceScores[]): number[] =>
      group.map(({ shares }) => ratioOfSums(shares));
    return mixedDifference(paired, values(before), values(after));
  }
  if (a.errors === undefined || b.errors === undefined) return paired;
  return { ...paired, pValue: matchedPairs(a.errors, b.errors).pValue };
}

/** Scores with their utterances in another order. */
function inOrderOf(
  ids: readonly string[],
  scores: UtteranceScores,
  { path }: StoredRecord,
  other: StoredRecord | undefined,
): UtteranceScores {
  if (ids.length === scores.ids.length && ids.every((id, i) => id === scores.ids[i])) return scores;
  const places = new Map(scores.ids.map((id, place) => [id, place]));
  if (ids.length !== scores.ids.length || !ids.every((id) => places.has(id))) {
    throw new UserError('was tested on other utterances', {
      file: path,
      mend: `Compare results of the same test split as ${other?.path}`,
    });
  }
  const moved = <T>(values: readonly T[]): T[] => ids.map((id) => values[places.get(id) ?? 0] as T);
  const { speakers, shares, errors } = scores;
  return {
    ids,
    speakers: speakers && moved(speakers),
    shares: moved(shares),
    errors: errors && moved(errors),
  };
}

/** Every utterance's share, over all seeds of a group. */
function summed(group: readonly UtteranceScores[]): readonly Share[] {
  const [first, ...others] = group;
  if (first === undefined || others.length === 0) return first?.shares ?? [];
  return first.shares.map(({ numerator, denominator }, i) => ({
    numerator: others.reduce((sum, { shares }) => sum + (shares[i]?.numerator ?? 0), numerator),
    denominator: others.reduce((sum, { shares }) => sum + (shares[i]?.denominator ?? 0), denominator),
  }));
}
