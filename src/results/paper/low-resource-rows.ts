/** @file Our rows of the low-resource table: trainings of one encoder with other folds and seeds are one row. */
import { join } from 'node:path';
import { inPercent } from '../../base/decimal.js';
import { UserError } from '../../base/errors.js';
import { holm, mixedInterval, overSeeds, type PairedDifference } from '../../metrics/index.js';
import { encoderRows } from '../encoder-rows.js';
import { finetuningFileName, type StoredFinetuning } from '../finetuning-file.js';
import { type Decoding, finetunedScores } from '../finetunings.js';
import { type NamedScores, pairedScores } from '../paired.js';
import type { PaperEstimate } from './table.js';

/** What error rates are of: how much was trained on, which set was recognised, how it was decoded. */
export interface Place {
  readonly size: string;
  readonly split: string;
  readonly decoding: Decoding;
  /** The manifest, where the split's name does not say which set it is. */
  readonly manifest: string;
}

/** Equal for results that may stand beside each other. */
export const keyOfPlace = ({ size, split, decoding, manifest }: Place): string =>
  JSON.stringify([manifest, size, split, decoding]);

export const librispeechSets = ['test-clean', 'test-other'] as const;
export const isLibrispeech = ({ split }: Pick<Place, 'split'>): boolean =>
  (librispeechSets as readonly string[]).includes(split);

export interface Cell {
  readonly place: Place;
  /** One a fold and seed. */
  readonly trainings: readonly StoredFinetuning[];
}

export interface OwnRow {
  readonly label: string;
  /** By `keyOfPlace`. */
  readonly cells: ReadonlyMap<string, Cell>;
}

/** Sizes that are published, with which a training's is compared: its audio may be a little more or less. */
const sizes: readonly (readonly [name: string, seconds: number])[] = [
  ['10 min', 600],
  ['1 h', 3600],
  ['10 h', 36_000],
  ['100 h', 360_000],
];
const tolerance = 0.15;

/** How much was trained on, for people. */
export function sizeText(seconds: number): string {
  const near = sizes.find(([, size]) => Math.abs(seconds / size - 1) <= tolerance);
  if (near !== undefined) return near[0];
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/**
 * The rows, in the order of the records. Where one encoder was trained with several settings on the same data, they are rows
 * of their own.
 * @throws UserError where two results would stand in one cell with the same fold and seed
 */
export function ownRows(stored: readonly StoredFinetuning[]): OwnRow[] {
  const encoders = encoderRows(stored.map(({ record }) => record));
  const several = encodersOfSeveralPresets(stored, encoders.keyOf);
  const rows = new Map<string, Map<string, Cell>>();
  for (const each of stored) {
    const { record } = each;
    const name = encoders.labelOf(record);
    const label = several.has(encoders.keyOf(record)) ? `${name}, ${record.preset}` : name;
    const cells = rows.get(label) ?? new Map<string, Cell>();
    rows.set(label, cells);
    for (const place of placesOf(each)) {
      const key = keyOfPlace(place);
      const trainings = cells.get(key)?.trainings ?? [];
      refuseTwin(each, trainings, label, place);
      cells.set(key, { place, trainings: [...trainings, each] });
    }
  }
  return [...rows].map(([label, cells]) => ({ label, cells }));
}

/** The sets that a training was tested on; dev, by which it was chosen, is none. */
function placesOf({ record }: StoredFinetuning): Place[] {
  const size = sizeText(record.train.seconds);
  return Object.entries(record.splits).flatMap(([split, { lm }]) => {
    if (split === 'dev') return [];
    const manifest = isLibrispeech({ split }) ? '' : record.manifest.path;
    const of = (decoding: Decoding): Place => ({ size, split, decoding, manifest });
    return lm === undefined ? [of('greedy')] : [of('greedy'), of('lm')];
  });
}

function encodersOfSeveralPresets(
  stored: readonly StoredFinetuning[],
  keyOf: (record: StoredFinetuning['record']) => string,
): ReadonlySet<string> {
  const presets = new Map<string, string>();
  const several = new Set<string>();
  for (const { record } of stored) {
    const training = JSON.stringify([keyOf(record), record.manifest.hash, record.fold, record.seed]);
    const before = presets.get(training) ?? record.preset;
    if (before !== record.preset) several.add(keyOf(record));
    presets.set(training, before);
  }
  return several;
}

function refuseTwin(
  { folder, record }: StoredFinetuning,
  others: readonly StoredFinetuning[],
  label: string,
  { size, split }: Place,
): void {
  const twin = others.find((other) => other.record.seed === record.seed && other.record.fold === record.fold);
  if (twin === undefined) return;
  throw new UserError(
    `duplicate result for ${label} with ${size} on ${split} (also in ${join(twin.folder, finetuningFileName)})`,
    {
      file: join(folder, finetuningFileName),
      hint: 'Pass only one of them',
    },
  );
}

const resultOf = ({ record }: StoredFinetuning, { split, decoding }: Place) => {
  const found = record.splits[split];
  const decoded = decoding === 'lm' ? found?.lm : found?.greedy;
  if (decoded === undefined) throw new Error(`no ${decoding} of ${split}`);
  return decoded;
};

/** The mean over folds and seeds, in percent. */
export function meanOf({ place, trainings }: Cell): number {
  return inPercent(overSeeds(trainings.map((each) => resultOf(each, place).wer)).mean);
}

/** Its 95 % interval, with the chance of folds and seeds where there are several; the difference from the baseline. */
export function estimateOf(cell: Cell, difference: PairedDifference | undefined): PaperEstimate {
  const results = cell.trainings.map((each) => resultOf(each, cell.place));
  const [first] = results as [(typeof results)[number]];
  const interval =
    results.length === 1
      ? first.interval
      : mixedInterval(results.map(({ wer, interval: own }) => ({ value: wer, interval: own })));
  return {
    interval: percentages(interval),
    trainings: results.length,
    ...(difference !== undefined && {
      difference: {
        value: inPercent(difference.difference),
        interval: percentages(difference.interval),
        pValue: difference.pValue,
      },
    }),
  };
}

const percentages = ([low, high]: readonly [number, number]): [number, number] => [
  inPercent(low),
  inPercent(high),
];

/**
 * Differences of all rows from one of them, paired by utterance, p-values after Holm over the table.
 * @returns by cell; and why some have none
 */
export async function differencesFrom(
  base: OwnRow,
  rows: readonly OwnRow[],
): Promise<{
  readonly differences: ReadonlyMap<Cell, PairedDifference>;
  readonly untested: readonly string[];
}> {
  const found = new Map<Cell, PairedDifference>();
  const untested = new Set<string>();
  for (const [key, before] of base.cells) {
    const first = await scoresOf(before);
    for (const row of rows) {
      const cell = row.cells.get(key);
      if (row === base || cell === undefined) continue;
      try {
        const second = await scoresOf(cell);
        refuseOtherTexts(first[0], second[0]);
        found.set(cell, pairedScores(first, second));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        untested.add(`no test of a difference: ${error.message}`);
      }
    }
  }
  const corrected = holm([...found.values()].map(({ pValue }) => pValue));
  return {
    differences: new Map(
      [...found].map(([cell, each], i) => [cell, { ...each, pValue: corrected[i] as number }]),
    ),
    untested: [...untested],
  };
}

type Scores = NamedScores & { readonly references: ReadonlyMap<string, string> };

const scoresOf = ({ place, trainings }: Cell): Promise<Scores[]> =>
  Promise.all(trainings.map((each) => finetunedScores(each, place.split, place.decoding)));

/** Letters may write one text in two ways: then errors are of other words. */
function refuseOtherTexts(first: Scores | undefined, second: Scores | undefined): void {
  for (const [id, text] of first?.references ?? []) {
    const other = second?.references.get(id);
    if (other === undefined || other === text) continue;
    throw new UserError(`has a different reference text for '${id}'`, {
      file: second?.path ?? '',
      hint: `Compare only results with the same alphabet as ${first?.path}`,
    });
  }
}
