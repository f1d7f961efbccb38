/** @file Pairs of utterances that a task judges: read from CSV, checked against the utterances, hashed. */
import { createHash } from 'node:crypto';
import { UserError } from '../base/errors.js';
import { closestName } from '../base/names.js';
import { invalidValue } from '../base/validation.js';
import { type NamedRow, namedRows } from './named-rows.js';
import type { Utterance } from './rows.js';

/** Two utterances of one split, and what a file of pairs says of them. */
export interface Pair {
  /** The column `id`, else the ids of the two with a blank between them. */
  readonly id: string;
  /** Where the utterances stand in the split. */
  readonly first: number;
  readonly second: number;
  /** Every column but `id` and `split`, those that name the utterances among them. */
  readonly columns: Readonly<Record<string, string>>;
  /** Where the row stands. */
  readonly file: string;
  readonly line: number;
}

/** What a task needs of a file of pairs. */
export interface PairColumns {
  /** The columns that name the two utterances by their ids. */
  readonly first: string;
  readonly second: string;
  /** Columns that every pair must fill besides; `target` among them must be 1 or 0. */
  readonly columns: readonly string[];
  /** The splits whose pairs are judged, as far as there are utterances of them. */
  readonly splits: readonly string[];
}

export interface ReadPairs {
  /** In the file's order; of splits that are judged and have utterances. */
  readonly pairs: Readonly<Record<string, readonly Pair[]>>;
  /** Everything that keeps pairs from being used, with file and line. */
  readonly complaints: readonly UserError[];
  /** SHA-256 over all rows: every cell by its column's name, in the rows' order. */
  readonly hash: string;
}

type Places = ReadonlyMap<string, { readonly split: string; readonly place: number }>;

/**
 * Reads a file of pairs. Rows of other splits than the task's count for the hash alone.
 * @param utterances of the splits that the task uses, each split in its order
 * @throws UserError where the file cannot be read: no CSV, columns missing, cells missing
 */
export async function readPairs(
  file: string,
  wanted: PairColumns,
  utterances: Iterable<Utterance>,
): Promise<ReadPairs> {
  const places = placesOf(utterances);
  const pairs: Record<string, Pair[]> = {};
  for (const { split } of places.values()) if (wanted.splits.includes(split)) pairs[split] ??= [];
  const complaints: UserError[] = [];
  const seen = new Map<string, number>();
  const hash = createHash('sha256');
  const columns = ['split', wanted.first, wanted.second, ...wanted.columns];
  for await (const row of namedRows(file, columns, 'the pairs file')) {
    const { cells } = row;
    const { split = '' } = cells;
    hash.update(`${JSON.stringify(Object.entries(cells).sort(([a], [b]) => (a < b ? -1 : 1)))}\n`);
    if (split !== '' && !wanted.splits.includes(split)) continue;
    const pair = pairOf(row, wanted, places, file);
    const complaint = pair instanceof UserError ? pair : twiceThere(pair, wanted, seen);
    if (complaint !== undefined) complaints.push(complaint);
    else if (!(pair instanceof UserError)) pairs[split]?.push(pair);
  }
  for (const [split, own] of Object.entries(pairs)) {
    if (own.length > 0 || complaints.length > 0) continue;
    const hint = `The column 'split' contains the split of each pair`;
    complaints.push(new UserError(`no pairs in split '${split}'`, { file, hint }));
  }
  return { pairs, complaints, hash: hash.digest('hex') };
}

function placesOf(utterances: Iterable<Utterance>): Places {
  const counts = new Map<string, number>();
  const places = new Map<string, { split: string; place: number }>();
  for (const { id, split } of utterances) {
    const place = counts.get(split) ?? 0;
    counts.set(split, place + 1);
    places.set(id, { split, place });
  }
  return places;
}

/** The pair of a row, or why it is none. */
function pairOf(
  { line, cells }: NamedRow,
  { first, second, columns }: PairColumns,
  places: Places,
  file: string,
): Pair | UserError {
  const empty = ['split', first, second, ...columns].find((name) => cells[name] === '');
  if (empty !== undefined)
    return new UserError(`column '${empty}' is empty`, { file, line, hint: 'Fill the cell in' });
  const found: number[] = [];
  for (const name of [first, second]) {
    const id = cells[name] ?? '';
    const utterance = places.get(id);
    if (utterance === undefined) {
      const close = places.size > mostCompared ? undefined : closestName(id, [...places.keys()]);
      const hint = close === undefined ? 'Use ids of the manifest' : `Did you mean '${close}'?`;
      return new UserError(`the manifest has no utterance '${id}' (${name})`, { file, line, hint });
    }
    if (utterance.split !== cells.split) {
      const what = `utterance '${id}' (${name}) is in split '${utterance.split}', but the pair is in '${cells.split}'`;
      return new UserError(what, { file, line, hint: 'Both utterances must be in the split of the pair' });
    }
    found.push(utterance.place);
  }
  if (columns.includes('target') && cells.target !== '1' && cells.target !== '0') {
    const hint = '1 means that the two belong together, 0 that they do not';
    return new UserError(invalidValue('target', 'expected 0 or 1', cells.target), { file, line, hint });
  }
  const { id = `${cells[first]} ${cells[second]}`, split: _, ...others } = cells;
  return { id, first: found[0] ?? 0, second: found[1] ?? 0, columns: others, file, line };
}

/** Among more ids none is looked for that is like the unknown one. */
const mostCompared = 10_000;

/** A complaint where the pair, or its id, was there before; notes both. */
function twiceThere(
  { id, columns, file, line }: Pair,
  { first, second }: PairColumns,
  seen: Map<string, number>,
): UserError | undefined {
  const known = (key: string): number | undefined => {
    const before = seen.get(key);
    if (before === undefined) seen.set(key, line);
    return before;
  };
  const [one, other] = [columns[first] ?? '', columns[second] ?? ''];
  const pairLine = known(JSON.stringify([one, other]));
  if (pairLine !== undefined) {
    const what = `duplicate pair '${one}' and '${other}' (first used on line ${pairLine})`;
    return new UserError(what, { file, line, hint: 'List every pair once' });
  }
  const idLine = known(id);
  if (idLine === undefined) return undefined;
  const what = `duplicate id '${id}' (first used on line ${idLine})`;
  return new UserError(what, { file, line, hint: 'Every pair needs a unique id' });
}

/** What tells apart a manifest and the pairs that are judged of it. */
export function hashWithPairs(manifest: string, pairs: string): string {
  return createHash('sha256')
    .update(JSON.stringify([manifest, pairs]))
    .digest('hex');
}

/** Pairs of a split where its utterances are others now: those of an utterance that is gone are gone too. */
export function movedPairs(
  pairs: readonly Pair[],
  before: readonly Utterance[],
  after: readonly Utterance[],
): readonly Pair[] {
  const places = new Map(after.map(({ id }, place) => [id, place]));
  return pairs.flatMap((pair) => {
    const first = places.get(before[pair.first]?.id ?? '');
    const second = places.get(before[pair.second]?.id ?? '');
    return first === undefined || second === undefined ? [] : [{ ...pair, first, second }];
  });
}
