/** @file What a paired test needs of a metric, computed anew from the predictions of a record. */
import type { JudgedRow, Task, TaskMetric } from '../api/task.js';
import { UserError } from '../base/errors.js';
import {
  isStatistic,
  type PlacedErrors,
  placedErrors,
  type Share,
  type StatisticMetric,
} from '../metrics/index.js';
import { knownTask } from './known-task.js';
import type { StoredRecord } from './record.js';
import { judgeRows, readRows } from './rows.js';
import { speakersToDraw } from './speakers.js';

/** Of a ratio of sums: what every test utterance adds, in the order of the predictions file. */
export interface RatioScores {
  readonly ids: readonly string[];
  /** Where speakers are to be drawn, not utterances. */
  readonly speakers: readonly string[] | undefined;
  readonly shares: readonly Share[];
  /** Of word error rates. */
  readonly errors: readonly PlacedErrors[] | undefined;
}

/** Of any other metric: the statistic over all utterances. */
export interface StatisticScores {
  readonly ids: readonly string[];
  readonly statistic: StatisticMetric;
}

export type Scores = RatioScores | StatisticScores;

/** How many lines are held at once. */
const blockLines = 4096;

/**
 * The scores of a record. Of a ratio of sums, predictions are judged in blocks and let go: of an utterance only what
 * it adds to the metric stays. A statistic is judged on all of them at once.
 * @param tasks those that a record's task is looked up in
 * @throws UserError where the predictions cannot be read, or the task is unknown, of another version or without the metric
 */
export async function scoresOf(stored: StoredRecord, name: string, tasks: readonly Task[]): Promise<Scores> {
  const task = knownTask(stored, tasks);
  const metric = task.metrics.find((one) => one.name === name);
  if (metric === undefined)
    throw new UserError(`the task '${task.name}' has no metric '${name}'`, { file: stored.path });
  return metric.kind === 'statistic'
    ? statisticScores(stored, task, metric)
    : ratioScores(stored, task, metric);
}

async function statisticScores(
  stored: StoredRecord,
  task: Task,
  metric: TaskMetric,
): Promise<StatisticScores> {
  const rows: JudgedRow[] = [];
  for await (const { row } of readRows(stored, task, metric.tensors)) rows.push(row);
  const value = judgeRows(task, rows, [metric])[metric.name];
  if (value === undefined || !isStatistic(value)) throw new Error(`${metric.name} is not a statistic`);
  return { ids: rows.map(({ id }) => id), statistic: value };
}

async function ratioScores(stored: StoredRecord, task: Task, metric: TaskMetric): Promise<RatioScores> {
  const ids: string[] = [];
  const shares: Share[] = [];
  const errors: PlacedErrors[] = [];
  const speakers: (string | undefined)[] = [];
  const judge = (rows: readonly JudgedRow[]): void => {
    const value = judgeRows(task, rows, [metric])[metric.name];
    if (value === undefined || isStatistic(value)) throw new Error(`${metric.name} is not a ratio`);
    for (const { id } of rows) ids.push(id);
    for (const share of value.shares) shares.push(share);
    for (const alignment of value.alignments ?? []) errors.push(placedErrors(alignment));
  };
  const names = new Map<string, string>();
  let block: JudgedRow[] = [];
  for await (const { row, line } of readRows(stored, task, metric.tensors)) {
    block.push(row);
    // One copy a speaker, not one a line.
    const { speaker } = line;
    if (speaker !== undefined && !names.has(speaker)) names.set(speaker, speaker);
    speakers.push(speaker && names.get(speaker));
    // The last block is a long one: a short one might hold nothing to count.
    if (block.length < 2 * blockLines) continue;
    judge(block.slice(0, blockLines));
    block = block.slice(blockLines);
  }
  if (block.length > 0 || ids.length === 0) judge(block);
  return {
    ids,
    speakers: speakersToDraw(task, speakers),
    shares,
    errors: errors.length === ids.length ? errors : undefined,
  };
}
