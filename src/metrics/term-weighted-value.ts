/** @file Maximum term-weighted value of a search for spoken queries (SUPERB QbE). */
import { UserError } from '../base/errors.js';
import type { StatisticMetric } from './metric-value.js';
import { indexUnits, timesDrawn } from './statistic.js';

/** A query and a document that was searched for it. */
export interface QueryTrial {
  readonly query: string;
  /** Higher: more likely that the query occurs in the document. */
  readonly score: number;
  readonly occurs: boolean;
}

/** In how many documents a query occurs, and in how many it does not. */
export interface QueryCounts {
  readonly occurrences: number;
  readonly others: number;
}

/** A ground truth of more than the trials: what is not among them counts as missed where it occurs, as never found where not. */
export interface QueryTruth {
  /** How many queries occur in any document, those without trials among them. */
  readonly queries: number;
  readonly counts: ReadonlyMap<string, QueryCounts>;
}

/**
 * What a false alarm costs beside a miss: C_fa (1 - P) / (C_miss P), with a false alarm of cost 1, a miss of cost 100 and a
 * prior of 0.0008 (QUESST's scoring: 12.49).
 */
export const falseAlarmWeight = (1 * (1 - 0.0008)) / (100 * 0.0008);

/**
 * The highest term-weighted value over all thresholds, as a statistic over queries. At a threshold it is
 * 1 - mean over queries of (misses / occurrences + 12.49 false alarms / documents without the query); documents at or above
 * it are found, and none at all at the highest, which gives 0. Queries that occur nowhere are left out (Fiscus et al. 2007;
 * MediaEval QUESST 2014). A draw takes time linear in the trials.
 * @param truth where occurrences are counted over more than the trials
 * @throws UserError where no query occurs in a document, a score is no number, or the truth lacks a query
 */
export function termWeightedStatistic(trials: readonly QueryTrial[], truth?: QueryTruth): StatisticMetric {
  const wrong = trials.findIndex(({ score }) => Number.isNaN(score));
  if (wrong >= 0) throw new UserError(`pair ${wrong + 1} of ${trials.length} has no score`);
  const counts = truth?.counts ?? countsOf(trials);
  const searched = trials.filter(({ query }) => countOf(counts, query).occurrences > 0);
  const { units, index } = indexUnits(searched.map(({ query }) => query));
  if (units.length === 0) {
    throw new UserError(`no query occurs in any document (${trials.length} pairs)`, {
      hint: 'Add pairs with target 1',
    });
  }
  const sorted = sortedTrials(searched, index, units, counts);
  const share = 1 / (truth?.queries ?? units.length);
  const whole = highest(sorted, new Float64Array(units.length).fill(share));
  return {
    value: whole.value,
    units,
    // The best threshold of a test set fits its own luck, so that the highest value lies above the truth. A draw shows by
    // how much: its own highest value is above that at the threshold of the whole. Drawing the highest values themselves
    // would double the error: intervals of 95 % would hold the truth in 88 to 92 % of test sets, not in 94 (bench/coverage).
    redraw: (drawn) => {
      const weights = Float64Array.from(timesDrawn(drawn, units.length), (count) => count * share);
      const same = valueAt(sorted, weights, whole.found);
      return Math.max(0, same - (highest(sorted, weights).value - same));
    },
  };
}

function countsOf(trials: readonly QueryTrial[]): ReadonlyMap<string, QueryCounts> {
  const counts = new Map<string, { occurrences: number; others: number }>();
  for (const { query, occurs } of trials) {
    const own = counts.get(query) ?? { occurrences: 0, others: 0 };
    counts.set(query, own);
    if (occurs) own.occurrences++;
    else own.others++;
  }
  return counts;
}

function countOf(counts: ReadonlyMap<string, QueryCounts>, query: string): QueryCounts {
  const count = counts.get(query);
  if (count === undefined) throw new UserError(`the ground truth has no query '${query}'`);
  return count;
}

/** Trials by falling score. */
interface SortedTrials {
  readonly scores: Float64Array;
  /** What finding each one adds to the value of its query. */
  readonly gains: Float64Array;
  /** Index of each one's query. */
  readonly queries: Int32Array;
}

function sortedTrials(
  trials: readonly QueryTrial[],
  index: Int32Array,
  units: readonly string[],
  counts: ReadonlyMap<string, QueryCounts>,
): SortedTrials {
  const ofUnits = units.map((query) => countOf(counts, query));
  const order = trials.map((_, i) => i);
  order.sort((i, j) => (trials[j] as QueryTrial).score - (trials[i] as QueryTrial).score);
  return {
    scores: Float64Array.from(order, (i) => (trials[i] as QueryTrial).score),
    gains: Float64Array.from(order, (i) => {
      const { occurrences, others } = ofUnits[index[i] as number] as QueryCounts;
      return (trials[i] as QueryTrial).occurs ? 1 / occurrences : -falseAlarmWeight / others;
    }),
    queries: Int32Array.from(order, (i) => index[i] as number),
  };
}

/** The highest value over all thresholds, and how many trials are found at it. */
function highest({ scores, gains, queries }: SortedTrials, weights: Float64Array) {
  let [value, found, sum] = [0, 0, 0];
  for (let i = 0; i < scores.length; i++) {
    sum += (weights[queries[i] as number] as number) * (gains[i] as number);
    // Equal scores are found together.
    if (scores[i + 1] !== scores[i] && sum > value) [value, found] = [sum, i + 1];
  }
  return { value, found };
}

/** The value where so many of the trials are found. */
function valueAt({ gains, queries }: SortedTrials, weights: Float64Array, found: number): number {
  let sum = 0;
  for (let i = 0; i < found; i++) sum += (weights[queries[i] as number] as number) * (gains[i] as number);
  return sum;
}
