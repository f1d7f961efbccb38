/** @file The SUPERB table: ten tasks and the score, published encoders and ours. */
import { inPercent } from '../../base/decimal.js';
import { UserError } from '../../base/errors.js';
import { type Comparison, type ComparisonRow, compareRecords } from '../compare.js';
import type { StoredRecord } from '../record.js';
import {
  directionOf,
  inPublishedUnit,
  publishedFraction,
  readSuperb,
  superbName,
  superbScore,
} from '../superb.js';
import { arrows } from '../table.js';
import type { PaperRow, PaperTable } from './table.js';

/** What the paper's row is called: blank, since results/published has no values of it with their source. */
export const paperEncoder = 'EH-MAM (paper)';

/**
 * The table with a row for each encoder of the records.
 * @throws UserError where two results would stand in one cell
 */
export function superbTable(records: readonly StoredRecord[]): PaperTable {
  const { rows, sources, superb_score: constants } = readSuperb();
  const names = Object.keys(constants.baseline);
  const row = (
    label: string,
    metrics: Readonly<Record<string, number | null>>,
    source?: string,
    score?: number | null,
  ): PaperRow => ({
    label,
    ...(source !== undefined && { source }),
    values: [
      ...names.map((name) => {
        const value = metrics[name] ?? null;
        return value === null ? undefined : inPercent(publishedFraction(name, value));
      }),
      score ?? superbScore(metrics, constants),
    ],
  });
  const comparison = records.length === 0 ? undefined : compareRecords(records, { metrics: 'all' });
  const manifests = [...new Set(records.map(({ record }) => record.manifest.path))];
  return {
    name: 'superb',
    columns: [
      ...names.map((name) => {
        const [task = '', metric = ''] = name.split('.');
        return { head: [task, `${metric} % ${arrows[directionOf(name, constants)]}`] };
      }),
      { head: ['SUPERB', 'score ↑'], digits: 0 },
    ],
    rows: [
      ...rows.map(({ encoder, metrics, source, published_superb_score: score }) =>
        row(encoder, metrics, sources[source] ?? source, score),
      ),
      row(paperEncoder, {}),
      ...(comparison?.rows ?? []).map((ours) => row(ours.label, metricsOf(ours, comparison, names))),
    ],
    notes: [
      ...(manifests.length === 0 ? [] : [`rows without a mark: your results, on ${manifests.join(', ')}`]),
    ],
  };
}

/** By SUPERB's names, in its units. */
function metricsOf(
  row: ComparisonRow,
  comparison: Comparison | undefined,
  names: readonly string[],
): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name of names) {
    comparison?.columns.forEach(({ task, metric, taskLabel }, i) => {
      const cell = row.cells[i];
      if (cell === undefined || superbName(task, metric) !== name.toLowerCase()) return;
      if (found[name] !== undefined) {
        throw new UserError(`duplicate result for ${row.label} on ${name} (one is ${taskLabel})`, {
          hint: 'Pass only results of one manifest and one preset',
        });
      }
      found[name] = inPublishedUnit(name, cell.value);
    });
  }
  return found;
}
