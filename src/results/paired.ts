/** @file Two groups of records on the same utterances (a group: one encoder and task, any number of seeds). */
import type { Task } from '../../tasks/task.js';
import { UserError } from '../errors.js';
import {
  matchedPairs,
  type PairedDifference,
  pairedBootstrap,
  type Share,
  sumByCluster,
} from '../metrics/index.js';
import type { StoredRecord } from './record.js';
import { scoresOf, type UtteranceScores } from './scores.js';

/** Chosen once: the same records give the same interval in every table. */
const bootstrapSeed = 1;

/**
 * The difference of a metric between two groups of records, paired by utterance; over speakers where all lines name
 * theirs. For word error rates of one seed each the p-value is that of the matched-pairs test.
 * @throws UserError where the two were tested on different utterances, or predictions cannot be read
 */
export async function pairedDifference(
  first: readonly StoredRecord[],
  second: readonly StoredRecord[],
  metric: string,
  tasks: readonly Task[],
): Promise<PairedDifference> {
  const read = (group: readonly StoredRecord[]): Promise<UtteranceScores[]> =>
    Promise.all(group.map((stored) => scoresOf(stored, metric, tasks)));
  const [before, after] = [await read(first), await read(second)];
  const [a, b] = [before[0], after[0]];
  if (a === undefined || b === undefined) throw new Error('an empty group');
  const places = new Map(a.ids.map((id, place) => [id, place]));
  for (const scores of [...before, ...after]) {
    if (scores.ids.length === places.size && scores.ids.every((id) => places.has(id))) continue;
    throw new UserError('was tested on other utterances', {
      file: second[0]?.path ?? '',
      mend: `Compare results of the same test split as ${first[0]?.path}`,
    });
  }
  const [one, other] = [summed(before, places), summed(after, places)];
  const speakers = a.speakers;
  const many = speakers !== undefined && new Set(speakers).size > 1;
  const drawn = (shares: readonly Share[]): readonly Share[] =>
    many ? sumByCluster(shares, speakers) : shares;
  const paired = pairedBootstrap(drawn(one), drawn(other), { seed: bootstrapSeed });
  if (before.length > 1 || after.length > 1 || a.alignments === undefined) return paired;
  const inOrder = b.ids.map((id, place) => [places.get(id) ?? 0, b.alignments?.[place]] as const);
  const alignments = inOrder.sort((x, y) => x[0] - y[0]).flatMap(([, alignment]) => alignment ?? []);
  return { ...paired, pValue: matchedPairs(a.alignments, alignments).pValue };
}

/** Every utterance's share, over all seeds of a group. */
function summed(group: readonly UtteranceScores[], places: ReadonlyMap<string, number>): Share[] {
  const sums = Array.from({ length: places.size }, () => ({ numerator: 0, denominator: 0 }));
  for (const { ids, shares } of group) {
    ids.forEach((id, i) => {
      const sum = sums[places.get(id) ?? 0];
      const share = shares[i];
      if (sum === undefined || share === undefined) return;
      sum.numerator += share.numerator;
      sum.denominator += share.denominator;
    });
  }
  return sums;
}
