/** @file What the predictions of a record add up to, read as a stream: confusions, edits, errors by utterance. */
import type { JudgedRow, Task } from '../../api/task.js';
import { type EditCounts, editsOf, isStatistic, type MetricValue } from '../../metrics/index.js';
import { readPredictions } from '../predictions.js';
import type { PredictionLine, StoredRecord } from '../record.js';
import { judgeRows, readRows } from '../rows.js';

/** How often a reference was predicted as what: counts by reference, then prediction. */
export type ConfusionCounts = ReadonlyMap<string, ReadonlyMap<string, number>>;

export interface Digest {
  readonly utterances: number;
  /** Of tasks that align words. */
  readonly edits: EditCounts | undefined;
  /** By column, of tasks that name classes. */
  readonly confusions: ReadonlyMap<string, ConfusionCounts>;
}

/** Lines that are judged together. */
const blockLines = 4096;
/** A column of more values than this holds texts, not classes. */
const mostClasses = 4096;

/**
 * Reads the predictions once.
 * @param errors by id, added to: edits of an utterance, or 1 where it is wrong
 * @throws UserError as `readPredictions`
 */
export async function digestPredictions(
  stored: StoredRecord,
  task: Task,
  errors: Map<string, number>,
): Promise<Digest> {
  const [metric] = task.metrics;
  const edits = { hits: 0, substitutions: 0, deletions: 0, insertions: 0 };
  const confusions = new Map<string, Map<string, Map<string, number>>>();
  let utterances = 0;
  let aligned = false;
  for await (const rows of blocksOf(readRows(stored, task, metric.tensors))) {
    // Of a statistic no row has a part.
    const value = metric.kind === 'statistic' ? undefined : judgeRows(task, rows, [metric])[metric.name];
    const alignments = value === undefined || isStatistic(value) ? undefined : value.alignments;
    const wrong = errorsOf(value, metric.direction) ?? wrongLabels(task, rows);
    for (const [i, { id }] of rows.entries()) errors.set(id, (errors.get(id) ?? 0) + (wrong?.[i] ?? 0));
    utterances += rows.length;
    aligned ||= alignments !== undefined;
    for (const alignment of alignments ?? [])
      for (const key of Object.keys(edits) as (keyof typeof edits)[]) edits[key] += alignment[key];
    for (const column of task.classes ?? []) {
      const counts = confusions.get(column) ?? new Map<string, Map<string, number>>();
      confusions.set(column, counts);
      for (const { reference, prediction } of rows)
        count(counts, reference[column] ?? '', prediction[column] ?? '');
    }
  }
  return { utterances, edits: aligned ? edits : undefined, confusions };
}

function count(counts: Map<string, Map<string, number>>, reference: string, prediction: string): void {
  const row = counts.get(reference) ?? new Map<string, number>();
  if (counts.size < mostClasses) counts.set(reference, row);
  row.set(prediction, (row.get(prediction) ?? 0) + 1);
}

function errorsOf(value: MetricValue | undefined, direction: 'higher' | 'lower'): number[] | undefined {
  if (value === undefined || isStatistic(value)) return undefined;
  if (value.alignments !== undefined) return value.alignments.map(editsOf);
  return value.shares.map(({ numerator, denominator }) =>
    direction === 'lower' ? numerator : denominator - numerator,
  );
}

/** 1 where a class is not the right one; undefined of what are no classes. */
function wrongLabels(task: Task, rows: readonly JudgedRow[]): number[] | undefined {
  const names = task.classes;
  if (names === undefined) return undefined;
  return rows.map(({ prediction, reference }) =>
    names.every((name) => prediction[name] === reference[name]) ? 0 : 1,
  );
}

/** Rows in blocks; what is left at the end joins the last one, since a metric may be undefined over very few. */
async function* blocksOf(
  rows: AsyncIterable<{ readonly row: JudgedRow }>,
): AsyncGenerator<readonly JudgedRow[]> {
  let [ready, next]: [JudgedRow[], JudgedRow[]] = [[], []];
  for await (const { row } of rows) {
    next.push(row);
    if (next.length < blockLines) continue;
    if (ready.length > 0) yield ready;
    [ready, next] = [next, []];
  }
  if (ready.length + next.length > 0) yield [...ready, ...next];
}

/** The ids of the largest errors, the largest first; among equals the earlier one. Ids without an error are left out. */
export function hardestIds(errors: ReadonlyMap<string, number>, most: number): string[] {
  const top: [id: string, error: number][] = [];
  for (const [id, error] of errors) {
    if (error <= 0 || (top.length === most && error <= (top.at(-1)?.[1] ?? 0))) continue;
    const place = top.findIndex(([, other]) => other < error);
    top.splice(place < 0 ? top.length : place, 0, [id, error]);
    if (top.length > most) top.pop();
  }
  return top.map(([id]) => id);
}

/** The lines of some utterances, by id. */
export async function linesOf(
  stored: StoredRecord,
  ids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, PredictionLine>> {
  const lines = new Map<string, PredictionLine>();
  if (ids.size === 0) return lines;
  for await (const line of readPredictions(stored)) if (ids.has(line.id)) lines.set(line.id, line);
  return lines;
}
