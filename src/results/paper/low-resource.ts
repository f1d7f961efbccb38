/** @file The low-resource table: word error rates after training on few hours of labels, with and without a language model. */
import { z } from 'zod';
import { inPercent } from '../../base/decimal.js';
import { UserError } from '../../base/errors.js';
import { overSeeds } from '../../metrics/index.js';
import { encoderRows } from '../encoder-rows.js';
import type { StoredRecord } from '../record.js';
import { readPublished } from '../superb.js';
import { paperEncoder } from './superb.js';
import type { PaperRow, PaperTable } from './table.js';

const schema = z.object({
  sources: z.record(z.string(), z.string()),
  rows: z.array(
    z.object({ labels: z.string(), lm: z.string() }).catchall(z.union([z.string(), z.array(z.number())])),
  ),
});

const testSets = ['clean', 'other'] as const;

/** Values of an encoder with one language model, by `100h clean`. */
type Values = Map<string, number>;

/**
 * The table with the `asr` records whose manifest's name says hours and test set: `asr-1h-test-other.csv`.
 * @throws UserError where two results would stand in one cell
 */
export function lowResourceTable(records: readonly StoredRecord[]): PaperTable {
  const { rows, sources } = readPublished('low-resource-asr.json', schema);
  const hours = ['10min', ...new Set(rows.map(({ labels }) => labels))];
  const models = [...new Set(rows.map(({ lm }) => lm))];
  const columns = hours.flatMap((labels) => testSets.map((set) => `${labels} ${set}`));
  const encoders = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(
    (name) => name !== 'labels' && name !== 'lm',
  );
  const source = Object.values(sources).join('; ');
  const published = models.flatMap((lm) =>
    encoders.map((encoder): PaperRow => {
      const values: Values = new Map(
        rows
          .filter((row) => row.lm === lm)
          .flatMap((row) => {
            const pair = row[encoder];
            return testSets.flatMap((set, i): [string, number][] =>
              typeof pair === 'object' && pair[i] !== undefined ? [[`${row.labels} ${set}`, pair[i]]] : [],
            );
          }),
      );
      return { ...rowOf(labelOf(encoder, lm), values, columns), source };
    }),
  );
  const { ours, left } = ownRows(records, hours);
  return {
    name: 'low-resource',
    columns: columns.map((column) => ({ head: column.split(' '), digits: 1 })),
    rows: [
      ...published,
      ...models.map((lm) => rowOf(labelOf(paperEncoder, lm), new Map(), columns)),
      ...[...ours].map(([label, values]) => rowOf(label, values, columns)),
    ],
    notes: [
      'word error rates in percent (lower is better) by hours of labels and test set of LibriSpeech',
      ...(left.length === 0
        ? []
        : [
            `skipped, because the manifest's name does not contain hours and test set (asr-1h-test-other.csv): ${left.join(', ')}`,
          ]),
    ],
  };
}

const labelOf = (encoder: string, lm: string): string => (lm === 'none' ? encoder : `${encoder} + ${lm}`);

function rowOf(label: string, values: Values, columns: readonly string[]): PaperRow {
  return { label, values: columns.map((column) => values.get(column)) };
}

/** Our rows, means over seeds in percent, and the manifests that fit nowhere. */
function ownRows(
  records: readonly StoredRecord[],
  hours: readonly string[],
): { readonly ours: ReadonlyMap<string, Values>; readonly left: readonly string[] } {
  const encoders = encoderRows(records.map(({ record }) => record));
  const left = new Set<string>();
  const cells = new Map<string, Map<string, StoredRecord[]>>();
  for (const stored of records) {
    const { record } = stored;
    const wer = record.metrics.wer;
    if (wer === undefined) continue;
    const words = record.manifest.path.toLowerCase().split(/[^a-z0-9]+/);
    const labels = hours.find((each) => words.includes(each));
    const set = testSets.find((each) => words.includes(each));
    if (labels === undefined || set === undefined) {
      left.add(record.manifest.path);
      continue;
    }
    const label = labelOf(encoders.labelOf(record), record.languageModel ?? 'none');
    const row = cells.get(label) ?? new Map<string, StoredRecord[]>();
    const cell = row.get(`${labels} ${set}`) ?? [];
    const twin = cell.find((other) => other.record.seed === record.seed);
    if (twin !== undefined) {
      throw new UserError(`duplicate result for ${label} with ${labels} on ${set} (also in ${twin.path})`, {
        file: stored.path,
        hint: 'Pass only one of them',
      });
    }
    cells.set(label, row.set(`${labels} ${set}`, [...cell, stored]));
  }
  const mean = (cell: readonly StoredRecord[]): number =>
    inPercent(overSeeds(cell.flatMap(({ record }) => record.metrics.wer?.value ?? [])).mean);
  const ours = new Map(
    [...cells].map(([label, row]) => [label, new Map([...row].map(([place, cell]) => [place, mean(cell)]))]),
  );
  return { ours, left: [...left] };
}
