/** @file Sets result records beside each other: encoders are rows, tasks' metrics are columns. */
import { UserError } from '../errors.js';
import { mendOfName } from '../metrics/index.js';
import type { RecordMetric, StoredRecord } from './record.js';

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
}

export interface ComparisonCell {
  readonly value: number;
  readonly interval: readonly [low: number, high: number] | undefined;
  readonly utterances: number;
  /** Whether no other row is better in this column. */
  readonly best: boolean;
  /** Value less the baseline's; missing without a baseline, or where it has no value here. */
  readonly difference: number | undefined;
}

export interface ComparisonRow {
  /** The encoder's name, with what tells it from another row of that name. */
  readonly label: string;
  readonly encoder: string;
  readonly encoderHash: string;
  readonly seed: number;
  /** One a column; undefined where the encoder was not tested. */
  readonly cells: readonly (ComparisonCell | undefined)[];
}

export interface Comparison {
  readonly columns: readonly ComparisonColumn[];
  readonly rows: readonly ComparisonRow[];
  /** The label of the baseline's row. */
  readonly baseline: string | undefined;
}

/** One metric of one record. */
interface Entry {
  readonly stored: StoredRecord;
  readonly metric: string;
  readonly value: RecordMetric;
}

/**
 * The table of records. Only like is set beside like: another task version, another manifest or other settings of
 * the head (preset) are another column; another seed or other weights are another row.
 * @throws UserError when two records say the same thing of the same row and column, or the baseline is not among them
 */
export function compareRecords(records: readonly StoredRecord[], options: CompareOptions = {}): Comparison {
  const entries = records.flatMap((stored): Entry[] =>
    Object.entries(stored.record.metrics)
      .slice(0, options.metrics === 'all' ? undefined : 1)
      .map(([metric, value]) => ({ stored, metric, value })),
  );
  const rows = groupBy(entries, rowKey);
  const columns = groupBy(entries, columnKey);
  const columnFirsts = [...columns.values()].map(firstOf);
  const rowFirsts = [...rows.values()].map(firstOf);
  const rowLabels = distinctLabels(rowFirsts, [
    ({ stored: { record } }) => record.encoder.name,
    ({ stored: { record } }) => `seed ${record.seed}`,
    ({ stored: { record } }) => record.encoder.hash.slice(0, 8),
  ]);
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
    cellsOf(column, rowKeys, rowKeys[baselineRow ?? -1]),
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
    })),
    rows: rowFirsts.map(({ stored: { record } }, i) => ({
      label: rowLabels[i] as string,
      encoder: record.encoder.name,
      encoderHash: record.encoder.hash,
      seed: record.seed,
      cells: cellColumns.map((cells) => cells[i]),
    })),
    baseline: baselineRow === undefined ? undefined : rowLabels[baselineRow],
  };
}

function rowKey({ stored: { record } }: Entry): string {
  return JSON.stringify([record.encoder.name, record.encoder.hash, record.seed]);
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
  rowKeys: readonly string[],
  baselineKey: string | undefined,
): (ComparisonCell | undefined)[] {
  const byRow = groupBy(column, rowKey);
  for (const [first, second] of byRow.values()) {
    if (first === undefined || second === undefined) continue;
    throw new UserError(
      `says the same as ${first.stored.path}: ${first.stored.record.encoder.name} on ${first.stored.record.task.name}`,
      { file: second.stored.path, mend: 'Compare one of the two' },
    );
  }
  const values = column.map((entry) => entry.value.value);
  const best = firstOf(column).value.direction === 'higher' ? Math.max(...values) : Math.min(...values);
  const baseline = baselineKey === undefined ? undefined : byRow.get(baselineKey)?.[0]?.value.value;
  return rowKeys.map((key) => {
    const entry = byRow.get(key)?.[0];
    if (entry === undefined) return undefined;
    const { value, interval, utterances } = entry.value;
    const difference = baseline === undefined ? undefined : value - baseline;
    return { value, interval, utterances, best: value === best, difference };
  });
}

function findBaseline(name: string, rows: readonly Entry[], labels: readonly string[]): number {
  const byLabel = labels.indexOf(name);
  if (byLabel >= 0) return byLabel;
  const byName = rows.flatMap((row, i) => (row.stored.record.encoder.name === name ? [i] : []));
  if (byName.length === 1) return byName[0] as number;
  const what =
    byName.length === 0
      ? `no result of the baseline '${name}'`
      : `'${name}' is the name of ${byName.length} rows`;
  throw new UserError(what, { mend: mendOfName(name, labels) });
}

/**
 * A label for every item: the first part, and in brackets as many further parts as it takes to tell the items of
 * that first part apart.
 */
function distinctLabels<Item>(items: readonly Item[], parts: readonly ((item: Item) => string)[]): string[] {
  const [name, ...more] = parts;
  if (name === undefined) return [];
  return items.map((item) => {
    const sameName = items.filter((other) => name(other) === name(item));
    const differing = (by: typeof more): number =>
      new Set(sameName.map((other) => JSON.stringify(by.map((part) => part(other))))).size;
    const telling: typeof more = [];
    for (const part of more) {
      telling.push(part);
      if (differing(telling) === differing(telling.slice(0, -1))) telling.pop();
    }
    return telling.length === 0
      ? name(item)
      : `${name(item)} (${telling.map((part) => part(item)).join(', ')})`;
  });
}

function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}

function firstOf<Item>(items: readonly Item[]): Item {
  const [first] = items;
  if (first === undefined) throw new Error('an empty group');
  return first;
}
