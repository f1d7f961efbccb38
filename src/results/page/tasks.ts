/** @file The records of a page by task and encoder, as a comparison sorts them. */
import type { Comparison, ComparisonCell, ComparisonColumn } from '../compare.js';
import type { StoredRecord } from '../record.js';
import type { Html } from './html.js';
import { distinctSlugs, type Terms } from './terms.js';

/** An encoder on a task. */
export interface TaskRow {
  readonly label: string;
  /** The row of the comparison: an encoder keeps its colour from chart to chart. */
  readonly colour: number;
  readonly cell: ComparisonCell;
  /** One a seed. */
  readonly records: readonly [StoredRecord, ...StoredRecord[]];
}

export interface TaskResults {
  /** For ids of elements: the same from page to page. */
  readonly key: string;
  /** `speech recognition (asr)`, as text and as markup. */
  readonly title: string;
  readonly name: Html;
  readonly column: ComparisonColumn;
  readonly rows: readonly TaskRow[];
}

/**
 * A task for each column of a comparison of first metrics.
 * @param records those that the comparison was made from
 * @param terms the words for tasks
 * @param mostRows encoders that are taken, in the order of the comparison
 */
export function resultsByTask(
  comparison: Comparison,
  records: readonly StoredRecord[],
  terms: Terms,
  mostRows: number,
): TaskResults[] {
  const keys = distinctSlugs(comparison.columns.map(({ taskLabel }) => taskLabel));
  const byPath = new Map(records.map((stored) => [stored.path, stored]));
  return comparison.columns.map((column, i) => ({
    key: `task-${keys[i]}`,
    title: terms.titleOf(column),
    name: terms.nameOf(column),
    column,
    rows: comparison.rows.slice(0, mostRows).flatMap(({ label, cells }, colour): TaskRow[] => {
      const cell = cells[i];
      const [first, ...others] = cell?.paths.flatMap((path) => byPath.get(path) ?? []) ?? [];
      if (cell === undefined || first === undefined) return [];
      return [{ label, colour, cell, records: [first, ...others] }];
    }),
  }));
}

/** `wer %, lower is better` */
export function axisOf({ metric, direction }: ComparisonColumn): string {
  return `${metric} %, ${direction} is better`;
}
