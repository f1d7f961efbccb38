/** @file Which differences of a comparison are no chance: paired by utterance, corrected over what is compared. */
import type { Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { detectableDifference, holm, type PairedDifference } from '../metrics/index.js';
import type { Comparison, ComparisonCell } from './compare.js';
import { pairedDifference } from './paired.js';
import type { StoredRecord } from './record.js';

/** Two cells of a column of a comparison. */
export interface CellPair {
  readonly metric: string;
  readonly before: ComparisonCell;
  readonly after: ComparisonCell;
}

/** What a paired test says of two cells. */
export interface TestedPair<Pair extends CellPair> {
  readonly pair: Pair;
  /** The later cell's value less the earlier one's. */
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  /** After Holm's correction over the pairs. */
  readonly pValue: number;
  /** See `ComparisonCell`. */
  readonly detectable?: number;
}

/**
 * Tests pairs of cells as one family. A pair whose predictions are missing or do not match is left out, and the reason is
 * told.
 * @param records those that the comparison was made from
 */
export async function testPairs<Pair extends CellPair>(
  pairs: readonly Pair[],
  records: readonly StoredRecord[],
  tasks: readonly Task[],
): Promise<{ readonly tested: readonly TestedPair<Pair>[]; readonly untested: readonly string[] }> {
  const byPath = new Map(records.map((stored) => [stored.path, stored]));
  const groupOf = (cell: ComparisonCell): StoredRecord[] =>
    cell.paths.flatMap((path) => byPath.get(path) ?? []);
  const found: [pair: Pair, paired: PairedDifference][] = [];
  const untested = new Set<string>();
  for (const pair of pairs) {
    const { before, after, metric } = pair;
    try {
      found.push([pair, await pairedDifference(groupOf(before), groupOf(after), metric, tasks)]);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      untested.add(`difference not tested: ${error.message}`);
    }
  }
  const corrected = holm(found.map(([, { pValue }]) => pValue));
  const tested = found.map(([pair, paired], i) => {
    const { difference, interval } = paired;
    const detectable = detectableDifference(paired);
    const pValue = corrected[i] as number;
    return { pair, difference, interval, pValue, ...(detectable !== undefined && { detectable }) };
  });
  return { tested, untested: [...untested] };
}

/**
 * The comparison with an interval, a corrected p-value and what could have been found at every difference from the
 * baseline; a cell that could not be tested stays without.
 * @param records those that the comparison was made from
 */
export async function withSignificance(
  comparison: Comparison,
  records: readonly StoredRecord[],
  tasks: readonly Task[],
): Promise<{ readonly comparison: Comparison; readonly untested: readonly string[] }> {
  const base = comparison.rows.find((row) => row.label === comparison.baseline);
  if (comparison.baseline === undefined || base === undefined) return { comparison, untested: [] };
  const pairs = comparison.rows.flatMap((row) =>
    comparison.columns.flatMap(({ metric }, i): CellPair[] => {
      const [before, after] = [base.cells[i], row.cells[i]];
      return row === base || before === undefined || after === undefined ? [] : [{ metric, before, after }];
    }),
  );
  const { tested, untested } = await testPairs(pairs, records, tasks);
  const found = new Map(
    tested.map(({ pair, interval, pValue, detectable }) => [
      pair.after,
      { differenceInterval: interval, pValue, ...(detectable !== undefined && { detectable }) },
    ]),
  );
  const rows = comparison.rows.map((row) => ({
    ...row,
    cells: row.cells.map((cell) => cell && { ...cell, ...found.get(cell) }),
  }));
  return { comparison: { ...comparison, rows }, untested };
}
