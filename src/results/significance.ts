/** @file Which differences of a comparison are no chance: paired by utterance, corrected over the table. */
import type { Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { holm, type PairedDifference } from '../metrics/index.js';
import type { Comparison, ComparisonCell } from './compare.js';
import { pairedDifference } from './paired.js';
import type { StoredRecord } from './record.js';

/**
 * The comparison with an interval and a corrected p-value at every difference from the baseline. A cell whose
 * predictions are missing or do not match stays without, and the reason is told.
 * @param records those that the comparison was made from
 */
export async function withSignificance(
  comparison: Comparison,
  records: readonly StoredRecord[],
  tasks: readonly Task[],
): Promise<{ readonly comparison: Comparison; readonly untested: readonly string[] }> {
  const base = comparison.rows.find((row) => row.label === comparison.baseline);
  if (comparison.baseline === undefined || base === undefined) return { comparison, untested: [] };
  const byPath = new Map(records.map((stored) => [stored.path, stored]));
  const groupOf = (cell: ComparisonCell): StoredRecord[] =>
    cell.paths.flatMap((path) => byPath.get(path) ?? []);
  const tested = new Map<ComparisonCell, PairedDifference>();
  const untested = new Set<string>();
  for (const row of comparison.rows) {
    if (row === base) continue;
    for (const [i, { metric }] of comparison.columns.entries()) {
      const [before, after] = [base.cells[i], row.cells[i]];
      if (before === undefined || after === undefined) continue;
      try {
        tested.set(after, await pairedDifference(groupOf(before), groupOf(after), metric, tasks));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        untested.add(`difference not tested: ${error.message}`);
      }
    }
  }
  const corrected = holm([...tested.values()].map(({ pValue }) => pValue));
  const found = new Map(
    [...tested].map(([cell, { interval }], i) => [
      cell,
      { differenceInterval: interval, pValue: corrected[i] as number },
    ]),
  );
  const rows = comparison.rows.map((row) => ({
    ...row,
    cells: row.cells.map((cell) => cell && { ...cell, ...found.get(cell) }),
  }));
  return { comparison: { ...comparison, rows }, untested: [...untested] };
}
