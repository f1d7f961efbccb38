/** @file The low-resource table: word error rates of recognisers that were fine-tuned on few hours, beside published ones. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { hintOfName } from '../../base/names.js';
import { projectFile } from '../../base/package.js';
import type { PairedDifference } from '../../metrics/index.js';
import type { StoredFinetuning } from '../finetuning-file.js';
import type { Decoding } from '../finetunings.js';
import {
  type Cell,
  differencesFrom,
  estimateOf,
  isLibrispeech,
  keyOfPlace,
  librispeechSets,
  meanOf,
  type OwnRow,
  ownRows,
  type Place,
} from './low-resource-rows.js';
import { paperEncoder } from './superb.js';
import type { PaperRow, PaperTable } from './table.js';

const schema = z.object({
  sources: z.record(z.string(), z.string()),
  rows: z.array(
    z.object({ labels: z.string(), lm: z.string() }).catchall(z.union([z.string(), z.array(z.number())])),
  ),
});

/** Sizes of the paper, by the names that the published rows have for them. */
const paperSizes: Readonly<Record<string, string>> = {
  '10min': '10 min',
  '1h': '1 h',
  '10h': '10 h',
  '100h': '100 h',
};
const decodings: readonly Decoding[] = ['greedy', 'lm'];
const decodingNames: Readonly<Record<Decoding, string>> = { greedy: 'greedy', lm: 'n-gram' };

const paperPlaces: readonly Place[] = Object.values(paperSizes).flatMap((size) =>
  librispeechSets.flatMap((split) => decodings.map((decoding) => ({ size, split, decoding, manifest: '' }))),
);

/**
 * The table of fine-tuned recognisers: trainings that differ in fold and seed are one row, their mean.
 * @param baseline label of the row that differences are shown from
 * @throws UserError where two results would stand in one cell, and for a baseline that is not there
 */
export async function lowResourceTable(
  stored: readonly StoredFinetuning[],
  baseline?: string,
): Promise<PaperTable> {
  const own = ownRows(stored);
  const places = placesOf(own);
  // Beside results on other speech alone, published ones would say nothing.
  const isPapers = places.some(isLibrispeech);
  const { differences, untested } =
    baseline === undefined
      ? { differences: new Map<Cell, PairedDifference>(), untested: [] }
      : await differencesFrom(baselineRow(own, baseline), own);
  return {
    name: 'low-resource',
    columns: places.map((place) => ({ head: headOf(place, places), digits: 1 })),
    rows: [...(isPapers ? publishedRows(places) : []), ...own.map((row) => ourRow(row, places, differences))],
    notes: [
      'word error rates in percent (lower is better) by labelled audio, test set and decoding',
      ...(own.length === 0 ? [] : ['with their 95 % interval (bootstrap over utterances, or speakers)']),
      ...(own.some(({ cells }) => [...cells.values()].some(({ trainings }) => trainings.length > 1))
        ? ['several trainings (folds, seeds): the mean, its interval with the chance of trainings']
        : []),
      ...(baseline === undefined
        ? []
        : [
            `Δ: percentage points from ${baseline}, paired by utterance; * p < 0.05 after Holm over the table`,
          ]),
      ...untested,
    ],
  };
}

/** The paper's, unless all results are on other speech; then those of ours that it has not. */
function placesOf(own: readonly OwnRow[]): Place[] {
  const ours = own.flatMap(({ cells }) => [...cells.values()].map(({ place }) => place));
  const places = new Map<string, Place>();
  if (ours.length === 0 || ours.some(isLibrispeech))
    for (const place of paperPlaces) places.set(keyOfPlace(place), place);
  for (const place of ours) places.set(keyOfPlace(place), place);
  return [...places.values()];
}

/** The manifest is named where several have columns. */
function headOf({ size, split, decoding, manifest }: Place, places: readonly Place[]): string[] {
  const several = new Set(places.map((place) => place.manifest)).size > 1 && manifest !== '';
  return [...(several ? [manifest] : []), size, split, decodingNames[decoding]];
}

function publishedRows(places: readonly Place[]): PaperRow[] {
  const { rows, sources } = schema.parse(
    JSON.parse(readFileSync(projectFile('results/published/low-resource-asr.json'), 'utf8')),
  );
  const source = Object.values(sources).join('; ');
  const encoders = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(
    (name) => name !== 'labels' && name !== 'lm',
  );
  const published = encoders.map((label): PaperRow => {
    const values = new Map<string, number>();
    for (const { labels, lm, [label]: pair } of rows) {
      const decoding = lm === 'none' ? 'greedy' : 'lm';
      for (const [i, split] of librispeechSets.entries()) {
        const value = typeof pair === 'object' ? pair[i] : undefined;
        const place = { size: paperSizes[labels] ?? labels, split, decoding, manifest: '' } as const;
        if (value !== undefined) values.set(keyOfPlace(place), value);
      }
    }
    return { label, source, values: places.map((place) => values.get(keyOfPlace(place))) };
  });
  return [...published, { label: paperEncoder, values: places.map(() => undefined) }];
}

function ourRow(
  { label, cells }: OwnRow,
  places: readonly Place[],
  differences: ReadonlyMap<Cell, PairedDifference>,
): PaperRow {
  const own = places.map((place) => cells.get(keyOfPlace(place)));
  return {
    label,
    values: own.map((cell) => cell && meanOf(cell)),
    estimates: own.map((cell) => cell && estimateOf(cell, differences.get(cell))),
  };
}

function baselineRow(own: readonly OwnRow[], baseline: string): OwnRow {
  const found = own.find(({ label }) => label === baseline);
  if (found !== undefined) return found;
  const labels = own.map(({ label }) => label);
  throw new UserError(`unknown row '${baseline}'`, { hint: hintOfName(baseline, labels) });
}
