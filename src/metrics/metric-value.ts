/** @file What a metric over a test set is: a ratio of sums, or any other statistic, which can be computed of drawn units. */
import type { Alignment } from './alignment.js';
import type { Share } from './shares.js';

/** A sum over a sum: what a row adds to it does not depend on the other rows. */
export interface RatioMetric {
  readonly value: number;
  /** One a row, in the order of the rows. */
  readonly shares: readonly Share[];
  /** In the same order, where the metric is an error rate of words: lets recognisers be compared by segments. */
  readonly alignments?: readonly Alignment[];
}

/** Any other metric (equal error rate, macro F1): it says what is independent and what it would be of a draw. */
export interface StatisticMetric {
  readonly value: number;
  /** Ids of what a bootstrap draws, each once: rows, speakers, trials. Two systems are compared on the same ones. */
  readonly units: readonly string[];
  /**
   * The metric over units drawn with replacement; called 1000 times for an interval, 1000 times for each of two systems
   * that are compared, and nothing is bundled: keep it linear in the rows.
   * @param drawn indices into `units`, as many as there are; valid during the call only
   * @returns NaN where what was drawn gives no value: it is drawn again
   */
  redraw(drawn: Int32Array): number;
}

export type MetricValue = RatioMetric | StatisticMetric;

export function isStatistic(metric: MetricValue): metric is StatisticMetric {
  return 'redraw' in metric;
}
