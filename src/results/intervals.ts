/** @file The metrics of a record: values with bootstrap intervals, each over what is independent. */
import type { TaskMetric } from '../api/task.js';
import {
  bootstrapInterval,
  isStatistic,
  type MetricValue,
  type Share,
  type StatisticMetric,
  sumByCluster,
} from '../metrics/index.js';
import type { RecordMetric } from './record.js';

/**
 * A metric as a record holds it. A ratio of sums is drawn over utterances or speakers, a statistic over its own units.
 * @param speakers one an utterance, where speakers are to be drawn (see `speakersToDraw`)
 * @param seed of the draws
 */
export function recordMetric(
  { direction }: TaskMetric,
  metric: MetricValue,
  utterances: number,
  speakers: readonly string[] | undefined,
  seed: number,
): RecordMetric {
  const [drawn, intervalOver] = drawnOf(metric, speakers);
  return {
    value: metric.value,
    direction,
    utterances,
    interval: bootstrapInterval(drawn, { seed }),
    intervalOver,
  };
}

function drawnOf(
  metric: MetricValue,
  speakers: readonly string[] | undefined,
): [readonly Share[] | StatisticMetric, NonNullable<RecordMetric['intervalOver']>] {
  if (isStatistic(metric)) return [metric, 'units'];
  return speakers === undefined
    ? [metric.shares, 'utterances']
    : [sumByCluster(metric.shares, speakers), 'speakers'];
}
