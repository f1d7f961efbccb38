/** @file The rows that a task judges: read beside a record, and judged with what the task promised checked. */
import { type Columns, columnNames, type JudgedRow, type Task, type TaskMetric } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { isStatistic, type MetricValue } from '../metrics/index.js';
import { readPredictions } from './predictions.js';
import type { PredictionLine, StoredRecord } from './record.js';
import { openTensors, type PredictionTensors } from './tensors.js';

/** A value alone stands for the task's only column. */
export function columnsOf(task: Pick<Task, 'columns'>, value: unknown): Columns {
  if (typeof value === 'object' && value !== null) return value as Columns;
  return { [columnNames(task)[0] ?? 'value']: String(value) };
}

/** How columns are written: the task's only column as its value alone. */
export function writtenValue(task: Pick<Task, 'columns'>, columns: Columns): unknown {
  const [name, ...others] = columnNames(task);
  const only = Object.keys(columns);
  return others.length === 0 && only.length === 1 && only[0] === name ? columns[name as string] : columns;
}

/** A line of predictions as a task judges it, without tensors. */
export function rowOf(task: Pick<Task, 'columns'>, line: PredictionLine): JudgedRow {
  const { id, prediction, reference } = line;
  return { id, prediction: columnsOf(task, prediction), reference: columnsOf(task, reference) };
}

/**
 * The rows of a record, in the order of the file.
 * @param names of tensors to read along; without any, the file of tensors is not opened
 * @throws UserError as `readPredictions` and `openTensors`, and naming a tensor that is not there
 */
export async function* readRows(
  stored: StoredRecord,
  task: Pick<Task, 'columns'>,
  names: readonly string[] = [],
): AsyncGenerator<{ readonly row: JudgedRow; readonly line: PredictionLine }> {
  const tensors = names.length === 0 ? undefined : await openTensors(stored);
  try {
    for await (const line of readPredictions(stored)) {
      const row = rowOf(task, line);
      if (names.length === 0) yield { row, line };
      else yield { row: { ...row, tensors: await neededTensors(stored, tensors, row.id, names) }, line };
    }
  } finally {
    await tensors?.close();
  }
}

async function neededTensors(
  { path }: StoredRecord,
  tensors: PredictionTensors | undefined,
  id: string,
  names: readonly string[],
): Promise<NonNullable<JudgedRow['tensors']>> {
  const found = (await tensors?.of(id, names)) ?? {};
  const missing = names.find((name) => found[name] === undefined);
  if (missing === undefined) return found;
  throw new UserError(`has no tensor '${missing}' of '${id}'`, { file: path, hint: 'Run the task again' });
}

/**
 * The metrics of rows, by name.
 * @param wanted those asked for (default: all of the task's)
 * @throws UserError where the task gives another kind of metric than it says: a plug-in's mistake
 */
export function judgeRows(
  task: Task,
  rows: readonly JudgedRow[],
  wanted: readonly TaskMetric[] = task.metrics,
): Readonly<Record<string, MetricValue>> {
  const values = task.evaluate(
    rows,
    wanted.map(({ name }) => name),
  );
  return Object.fromEntries(
    wanted.map((metric) => [metric.name, checked(task, metric, values[metric.name], rows.length)]),
  );
}

function checked(
  task: Task,
  { name, kind = 'ratio' }: TaskMetric,
  value: MetricValue | undefined,
  rows: number,
): MetricValue {
  const refused = (what: string): UserError =>
    new UserError(`invalid metrics of the task '${task.name}': ${what}`, {
      hint: 'See tasks/README.md, Metrics',
    });
  if (value === undefined) throw refused(`${name} is missing`);
  if (kind === 'statistic') {
    if (!isStatistic(value)) throw refused(`${name} is declared as a statistic, but has no redraw`);
    if (new Set(value.units).size < value.units.length) throw refused(`duplicate unit of ${name}`);
  } else if (isStatistic(value)) {
    throw refused(`${name} has redraw, but is not declared with kind: 'statistic'`);
  } else if (value.shares?.length !== rows) {
    throw refused(`${name} has ${value.shares?.length ?? 'no'} shares for ${rows} rows`);
  }
  return value;
}
