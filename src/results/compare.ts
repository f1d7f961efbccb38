/** @file Sets result records beside each other: encoders are rows, tasks' metrics are columns. */
import { UserError } from '../base/errors.js';
import { hintOfName } from '../base/names.js';
import { mixedInterval, overSeeds } from '../metrics/index.js';
import { encoderRows } from './encoder-rows.js';
import { distinctLabels, groupBy } from './labels.js';
import type { RecordMetric, StoredRecord } from './record.js';
import type { ScoreScope } from './superb.js';

export interface CompareOptions {
  /** The encoder whose values the others are set against. */
  readonly baseline?: string | undefined;
  /** `main` (default) shows each task's first metric, `all` every one. */
  readonly metrics?: 'main' | 'all' | undefined;
}

export interface ComparisonColumn {
  readonly task: string;
  readonly taskVersion: number;
  /** How heads were trained. */
  readonly preset: string;
  readonly manifestHash: string;
  readonly metric: string;
  readonly direction: 'higher' | 'lower';
  /** The task's name, with what tells it from another column of that name. */
  readonly taskLabel: string;
  /** What was chosen by the results on test themselves. */
  readonly chosenOnTest?: string;
}

export interface ComparisonCell {
  /** The mean over seeds. */
  readonly value: number;
  /** How many seeds the value is over, and their standard deviation (0 for one). */
  readonly seeds: number;
  readonly deviation: number;
  /** The record files. */
  readonly paths: readonly string[];
  /** Over seeds too, where there are several. */
  readonly interval: readonly [low: number, high: number] | undefined;
  /** What the bootstrap drew. */
  readonly intervalOver: RecordMetric['intervalOver'];
  readonly utterances: number;
  /** Whether no other row is better in this column. */
  readonly best: boolean;
  /** Value less the baseline's; missing without a baseline, or where it has no value here. */
  readonly difference: number | undefined;
  /** Of the difference, paired by utterance; p after Holm's correction over the table (see `withSignificance`). */
  readonly differenceInterval?: readonly [low: number, high: number];
  readonly pValue?: number;
  /** The smallest true difference that this test set would have shown, four times in five (see `detectableDifference`). */
  readonly detectable?: number;
}

export interface ComparisonRow {
  /** The encoder's name, with what tells it from another row of that name. */
  readonly label: string;
  readonly encoder: string;
  readonly encoderHash: string;
  readonly seeds: readonly number[];
  /** One a column; undefined where the encoder was not tested. */
  readonly cells: readonly (ComparisonCell | undefined)[];
  /** Of SUPERB (see `withScore`). */
  readonly score?: number;
}

/** What others published: no seeds, no intervals, never the best, never tested (see `withPublished`). */
export interface PublishedRow {
  readonly label: string;
  readonly source: string;
  /** One a column, as fractions. */
  readonly values: readonly (number | undefined)[];
  /** All that was published, by SUPERB's names and in its units. */
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly score?: number;
}

/** A value over seeds, as a comparison has it. */
export type LayerCell = Pick<ComparisonCell, 'value' | 'interval' | 'seeds' | 'deviation'>;

/** An encoder on a task. */
export interface LayerRow {
  readonly label: string;
  /** Where the row stands in the comparison. */
  readonly row: number;
  /** Of the head on all hidden states, weighted. */
  readonly sum: LayerCell;
  /** By the number of the hidden state; undefined where no head was trained on it alone. */
  readonly layers: readonly (LayerCell | undefined)[];
}

/** A metric of a task. */
export interface LayerTable extends Pick<ComparisonColumn, 'task' | 'taskLabel' | 'metric' | 'direction'> {
  readonly rows: readonly LayerRow[];
}

export interface Comparison {
  readonly columns: readonly ComparisonColumn[];
  readonly rows: readonly ComparisonRow[];
  /** The label of the baseline's row. */
  readonly baseline: string | undefined;
  readonly published?: readonly PublishedRow[];
  /** What the rows' SUPERB scores are over. */
  readonly score?: ScoreScope;
  /** What every hidden state alone is worth, where heads were trained so (see `withLayers`). */
  readonly layers?: readonly LayerTable[];
}

/** One metric of one record. */
interface Entry {
  readonly stored: StoredRecord;
  readonly metric: string;
  readonly value: RecordMetric;
}

/**
 * The table of records. Only like is set beside like: another task version, another manifest or other settings of
 * the head (preset) are another column, other weights are another row (but for those of an untrained encoder, which every
 * seed makes anew). Seeds of one encoder are one row.
 * @throws UserError when two records say the same thing of the same row and column, or the baseline is not among them
 */
export function compareRecords(records: readonly StoredRecord[], options: CompareOptions = {}): Comparison {
  const entries = records.flatMap((stored): Entry[] =>
    Object.entries(stored.record.metrics)
      .slice(0, options.metrics === 'all' ? undefined : 1)
      .map(([metric, value]) => ({ stored, metric, value })),
  );
  const encoders = encoderRows(records.map(({ record }) => record));
  const rowKey = ({ stored }: Entry): string => encoders.keyOf(stored.record);
  const rows = groupBy(entries, rowKey);
  const columns = groupBy(entries, columnKey);
  const columnFirsts = [...columns.values()].map(firstOf);
  const rowFirsts = [...rows.values()].map(firstOf);
  const rowLabels = rowFirsts.map(({ stored }) => encoders.labelOf(stored.record));
  // Two metrics of one task share its label, so labels are told apart among tasks, not among columns.
  const tasks = [...groupBy(columnFirsts, taskKey).entries()];
  const taskLabels = distinctLabels(
    tasks.map(([, group]) => firstOf(group)),
    [
      ({ stored: { record } }) => record.task.name,
      ({ stored: { record } }) => `v${record.task.version}`,
      ({ stored: { record } }) => record.preset,
      ({ stored: { record } }) => record.manifest.hash.slice(0, 8),
    ],
  );
  const labelOfTask = new Map(tasks.map(([key], i) => [key, taskLabels[i] as string]));
  const baselineRow =
    options.baseline === undefined ? undefined : findBaseline(options.baseline, rowFirsts, rowLabels);
  const rowKeys = [...rows.keys()];
  const cellColumns = [...columns.values()].map((column) =>
    cellsOf(column, rowKey, rowKeys, rowKeys[baselineRow ?? -1]),
  );
  return {
    columns: columnFirsts.map((entry) => ({
      task: entry.stored.record.task.name,
      taskVersion: entry.stored.record.task.version,
      preset: entry.stored.record.preset,
      manifestHash: entry.stored.record.manifest.hash,
      metric: entry.metric,
      direction: entry.value.direction,
      taskLabel: labelOfTask.get(taskKey(entry)) as string,
      ...chosenOnTestIn(columns.get(columnKey(entry)) ?? []),
    })),
    rows: rowFirsts.map(({ stored: { record } }, i) => ({
      label: rowLabels[i] as string,
      encoder: record.encoder.name,
      encoderHash: record.encoder.hash,
      seeds: seedsOf(rows.get(rowKeys[i] ?? '') ?? []),
      cells: cellColumns.map((cells) => cells[i]),
    })),
    baseline: baselineRow === undefined ? undefined : rowLabels[baselineRow],
  };
}

/** What any of a column's results was chosen by on test. */
function chosenOnTestIn(column: readonly Entry[]): Pick<ComparisonColumn, 'chosenOnTest'> {
  const chosen = column.find(({ stored: { record } }) => record.chosenOnTest !== undefined);
  return chosen?.stored.record.chosenOnTest === undefined
    ? {}
    : { chosenOnTest: chosen.stored.record.chosenOnTest };
}

function seedsOf(entries: readonly Entry[]): number[] {
  return [...new Set(entries.map(({ stored }) => stored.record.seed))].sort((a, b) => a - b);
}

function taskKey({ stored: { record } }: Entry): string {
  return JSON.stringify([record.task.name, record.task.version, record.preset, record.manifest.hash]);
}

function columnKey(entry: Entry): string {
  return `${taskKey(entry)} ${entry.metric}`;
}

/** The cells of a column, one a row, the best marked. */
function cellsOf(
  column: readonly Entry[],
  rowKey: (entry: Entry) => string,
  rowKeys: readonly string[],
  baselineKey: string | undefined,
): (ComparisonCell | undefined)[] {
  const byRow = groupBy(column, rowKey);
  for (const group of byRow.values()) refuseTwins(group);
  const summaries = new Map([...byRow].map(([key, group]) => [key, summaryOf(group)]));
  const values = [...summaries.values()].map(({ value }) => value);
  const best = values.reduce(firstOf(column).value.direction === 'higher' ? larger : smaller);
  const baseline = baselineKey === undefined ? undefined : summaries.get(baselineKey)?.value;
  return rowKeys.map((key) => {
    const summary = summaries.get(key);
    if (summary === undefined) return undefined;
    const difference = baseline === undefined ? undefined : summary.value - baseline;
    return { ...summary, best: summary.value === best, difference };
  });
}

const larger = (a: number, b: number): number => Math.max(a, b);
const smaller = (a: number, b: number): number => Math.min(a, b);

/** Two records of one encoder, task and seed: which one counts? */
function refuseTwins(group: readonly Entry[]): void {
  for (const [first, second] of groupBy(group, (entry) => String(entry.stored.record.seed)).values()) {
    if (first === undefined || second === undefined) continue;
    throw new UserError(
      `duplicate result for ${first.stored.record.encoder.name} on ${first.stored.record.task.name} (also in ${first.stored.path})`,
      { file: second.stored.path, hint: 'Pass only one of them' },
    );
  }
}

/** A cell over its seeds. */
function summaryOf(group: readonly Entry[]): Omit<ComparisonCell, 'best' | 'difference'> {
  const { mean, deviation, seeds } = overSeeds(group.map(({ value }) => value.value));
  const results = group.flatMap(({ value: { value, interval } }) => (interval ? [{ value, interval }] : []));
  const own = results.length === group.length ? results : [];
  const interval = own.length > 1 ? mixedInterval(own) : own[0]?.interval;
  const paths = group.map(({ stored }) => stored.path);
  const { utterances, intervalOver } = firstOf(group).value;
  return { value: mean, seeds, deviation, paths, interval, intervalOver, utterances };
}

function findBaseline(name: string, rows: readonly Entry[], labels: readonly string[]): number {
  const byLabel = labels.indexOf(name);
  if (byLabel >= 0) return byLabel;
  const byName = rows.flatMap((row, i) => (row.stored.record.encoder.name === name ? [i] : []));
  if (byName.length === 1) return byName[0] as number;
  const what =
    byName.length === 0
      ? `no results of the baseline '${name}'`
      : `ambiguous baseline: ${byName.length} rows are named '${name}'`;
  throw new UserError(what, { hint: hintOfName(name, labels) });
}

function firstOf<Item>(items: readonly Item[]): Item {
  const [first] = items;
  if (first === undefined) throw new Error('an empty group');
  return first;
}
