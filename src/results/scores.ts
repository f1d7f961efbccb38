/** @file What every test utterance adds to a metric, computed anew from the predictions of a record. */
import type { Columns, Task } from '../../tasks/task.js';
import { UserError } from '../errors.js';
import type { Alignment, Share } from '../metrics/index.js';
import { readPredictions } from './predictions.js';
import type { PredictionLine, StoredRecord } from './record.js';

/** In the order of the predictions file. */
export interface UtteranceScores {
  readonly ids: readonly string[];
  /** Where every line names its speaker. */
  readonly speakers: readonly string[] | undefined;
  readonly shares: readonly Share[];
  /** Of word error rates. */
  readonly alignments: readonly Alignment[] | undefined;
}

/**
 * The scores of a record's utterances.
 * @param tasks those that a record's task is looked up in
 * @throws UserError where the predictions cannot be read, or the task is unknown or of another version
 */
export async function scoresOf(
  stored: StoredRecord,
  metric: string,
  tasks: readonly Task[],
): Promise<UtteranceScores> {
  const { name, version } = stored.record.task;
  const task = tasks.find((one) => one.name === name);
  if (task === undefined || task.version !== version) {
    const known = task === undefined ? 'does not know it' : `has version ${task.version}`;
    throw new UserError(`is of task ${name}, version ${version}; this ehmam ${known}`, {
      file: stored.path,
      mend: 'Run the task again',
    });
  }
  const lines: PredictionLine[] = [];
  for await (const line of readPredictions(stored)) lines.push(line);
  const side = (key: 'prediction' | 'reference'): Columns[] =>
    lines.map((line) => columnsOf(task, line[key]));
  const value = task.evaluate(side('prediction'), side('reference'))[metric];
  if (value?.shares === undefined) {
    throw new UserError(`holds no ${metric} by utterance`, {
      file: stored.path,
      mend: 'Only metrics that are ratios of sums over utterances can be tested in pairs',
    });
  }
  const speakers = lines.flatMap((line) => line.speaker ?? []);
  return {
    ids: lines.map((line) => line.id),
    speakers: speakers.length === lines.length ? speakers : undefined,
    shares: value.shares,
    alignments: value.alignments,
  };
}

/** A value alone stands for the task's only column. */
export function columnsOf(task: Task, value: unknown): Columns {
  if (typeof value === 'object' && value !== null) return value as Columns;
  return { [task.columns[0] ?? 'value']: String(value) };
}
