/** @file Two groups of records on the same utterances (a group: one encoder and task, any number of seeds). */
import type { Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import {
  matchedPairs,
  meanStatistic,
  mixedDifference,
  type PairedDifference,
  pairedBootstrap,
  ratioOfSums,
  type Share,
  sumByCluster,
  withUnitsInOrder,
} from '../metrics/index.js';
import type { StoredRecord } from './record.js';
import { type RatioScores, type Scores, type StatisticScores, scoresOf } from './scores.js';

/** Chosen once: the same records give the same interval in every table. */
const bootstrapSeed = 1;

/**
 * The difference of a metric between two groups of records: of a ratio of sums paired by utterance (over speakers where
 * they are to be drawn, see `speakersToDraw`), of a statistic by its own units; with the chance of seeds where a group
 * has several. For word error rates of one seed each the p-value is that of the matched-pairs test.
 * @param others values of the metric of systems that may vary from seed to seed as these two do, one list a system
 * @throws UserError where the two were tested on different utterances, or predictions cannot be read
 */
export async function pairedDifference(
  first: readonly StoredRecord[],
  second: readonly StoredRecord[],
  metric: string,
  tasks: readonly Task[],
  others: readonly (readonly number[])[] = [],
): Promise<PairedDifference> {
  const all: Scores[] = [];
  for (const stored of [...first, ...second]) {
    const scores = await scoresOf(stored, metric, tasks);
    // The order of the first one is everyone's.
    all.push(all[0] === undefined ? scores : inOrderOf(all[0], scores, stored.path, first[0]?.path));
  }
  const seeds = first.length;
  const statistics = all.filter((scores) => 'statistic' in scores);
  if (statistics.length > 0)
    return statisticDifference(statistics.slice(0, seeds), statistics.slice(seeds), others);
  const ratios = all.filter((scores) => 'shares' in scores);
  return ratioDifference(ratios.slice(0, seeds), ratios.slice(seeds), others);
}

function statisticDifference(
  before: readonly StatisticScores[],
  after: readonly StatisticScores[],
  others: readonly (readonly number[])[],
): PairedDifference {
  const mean = (group: readonly StatisticScores[]) => meanStatistic(group.map(({ statistic }) => statistic));
  const paired = pairedBootstrap(mean(before), mean(after), { seed: bootstrapSeed });
  if (before.length === 1 && after.length === 1) return paired;
  const values = (group: readonly StatisticScores[]): number[] =>
    group.map(({ statistic }) => statistic.value);
  return mixedDifference(paired, values(before), values(after), others);
}

function ratioDifference(
  before: readonly RatioScores[],
  after: readonly RatioScores[],
  others: readonly (readonly number[])[] = [],
): PairedDifference {
  const [a, b] = [before[0], after[0]];
  if (a === undefined || b === undefined) throw new Error('an empty group');
  const { speakers } = a;
  const drawn = (group: readonly RatioScores[]): readonly Share[] => {
    const shares = summed(group);
    return speakers === undefined ? shares : sumByCluster(shares, speakers);
  };
  const paired = pairedBootstrap(drawn(before), drawn(after), { seed: bootstrapSeed });
  if (before.length > 1 || after.length > 1) {
    const values = (group: readonly RatioScores[]): number[] =>
      group.map(({ shares }) => ratioOfSums(shares));
    return mixedDifference(paired, values(before), values(after), others);
  }
  if (a.errors === undefined || b.errors === undefined) return paired;
  return { ...paired, pValue: matchedPairs(a.errors, b.errors).pValue };
}

/** Scores with their utterances and units in the order of others. */
function inOrderOf(wanted: Scores, scores: Scores, path: string, other: string | undefined): Scores {
  if (!('statistic' in scores)) return ratiosInOrder(wanted.ids, scores, path, other);
  if (!('statistic' in wanted)) throw new Error('a statistic and a ratio cannot be compared');
  const statistic = withUnitsInOrder(scores.statistic, wanted.statistic.units);
  if (statistic === undefined || !areSame(wanted.ids, scores.ids)) throw otherUtterances(path, other);
  return { ids: wanted.ids, statistic };
}

const otherUtterances = (path: string, other: string | undefined): UserError =>
  new UserError('was evaluated on different utterances', {
    file: path,
    hint: `Compare only results on the test split of ${other}`,
  });

function areSame(ids: readonly string[], others: readonly string[]): boolean {
  const known = new Set(others);
  return ids.length === others.length && ids.every((id) => known.has(id));
}

/** Scores with their utterances in this order. */
function ratiosInOrder(
  ids: readonly string[],
  scores: RatioScores,
  path: string,
  other: string | undefined,
): RatioScores {
  if (!areSame(ids, scores.ids)) throw otherUtterances(path, other);
  if (ids.every((id, i) => id === scores.ids[i])) return scores;
  const places = new Map(scores.ids.map((id, place) => [id, place]));
  const moved = <T>(values: readonly T[]): T[] => ids.map((id) => values[places.get(id) ?? 0] as T);
  const { speakers, shares, errors } = scores;
  return {
    ids,
    speakers: speakers && moved(speakers),
    shares: moved(shares),
    errors: errors && moved(errors),
  };
}

/** Scores of a training, and the file that errors name. */
export type NamedScores = RatioScores & { readonly path: string };

/**
 * The same as `pairedDifference` of ratios whose scores are known.
 * @param first one entry a training
 * @throws UserError where two were tested on different utterances
 */
export function pairedScores(
  first: readonly NamedScores[],
  second: readonly NamedScores[],
): PairedDifference {
  const [wanted] = first;
  if (wanted === undefined) throw new Error('an empty group');
  const ordered = (group: readonly NamedScores[]): RatioScores[] =>
    group.map((scores) => ratiosInOrder(wanted.ids, scores, scores.path, wanted.path));
  return ratioDifference(ordered(first), ordered(second));
}

/** Every utterance's share, over all seeds of a group. */
function summed(group: readonly RatioScores[]): readonly Share[] {
  const [first, ...others] = group;
  if (first === undefined || others.length === 0) return first?.shares ?? [];
  return first.shares.map(({ numerator, denominator }, i) => ({
    numerator: others.reduce((sum, { shares }) => sum + (shares[i]?.numerator ?? 0), numerator),
    denominator: others.reduce((sum, { shares }) => sum + (shares[i]?.denominator ?? 0), denominator),
  }));
}
