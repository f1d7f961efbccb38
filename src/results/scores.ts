/** @file What every test utterance adds to a metric, computed anew from the predictions of a record. */
import type { Columns, Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { type PlacedErrors, placedErrors, type Share } from '../metrics/index.js';
import { readPredictions } from './predictions.js';
import type { PredictionLine, StoredRecord } from './record.js';
import { speakersToDraw } from './speakers.js';

/** In the order of the predictions file. */
export interface UtteranceScores {
  readonly ids: readonly string[];
  /** Where speakers are to be drawn, not utterances. */
  readonly speakers: readonly string[] | undefined;
  readonly shares: readonly Share[];
  /** Of word error rates. */
  readonly errors: readonly PlacedErrors[] | undefined;
}

/** How many lines are held at once. */
const blockLines = 4096;

/**
 * The scores of a record's utterances. Predictions are judged in blocks and let go: of an utterance only what it adds
 * to the metric stays, so a task's shares must not depend on what else is judged along.
 * @param tasks those that a record's task is looked up in
 * @throws UserError where the predictions cannot be read, or the task is unknown or of another version
 */
export async function scoresOf(
  stored: StoredRecord,
  metric: string,
  tasks: readonly Task[],
): Promise<UtteranceScores> {
  const task = taskOf(stored, tasks);
  const ids: string[] = [];
  const shares: Share[] = [];
  const errors: PlacedErrors[] = [];
  const speakers: (string | undefined)[] = [];
  const judge = (lines: readonly PredictionLine[]): void => {
    const side = (key: 'prediction' | 'reference'): Columns[] =>
      lines.map((line) => columnsOf(task, line[key]));
    const value = task.evaluate(side('prediction'), side('reference'))[metric];
    if (value?.shares === undefined) {
      throw new UserError(`holds no ${metric} by utterance`, {
        file: stored.path,
        mend: 'Only metrics that are ratios of sums over utterances can be tested in pairs',
      });
    }
    for (const line of lines) ids.push(line.id);
    for (const share of value.shares) shares.push(share);
    for (const alignment of value.alignments ?? []) errors.push(placedErrors(alignment));
  };
  const names = new Map<string, string>();
  let block: PredictionLine[] = [];
  for await (const line of readPredictions(stored)) {
    block.push(line);
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

function taskOf({ path, record }: StoredRecord, tasks: readonly Task[]): Task {
  const { name, version } = record.task;
  const task = tasks.find((one) => one.name === name);
  if (task?.version === version) return task;
  const known = task === undefined ? 'does not know it' : `has version ${task.version}`;
  throw new UserError(`is of task ${name}, version ${version}; this ehmam ${known}`, {
    file: path,
    mend: 'Run the task again',
  });
}

/** A value alone stands for the task's only column. */
export function columnsOf(task: Task, value: unknown): Columns {
  if (typeof value === 'object' && value !== null) return value as Columns;
  return { [task.columns[0] ?? 'value']: String(value) };
}
