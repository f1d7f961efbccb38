/** @file An utterance from the cells of its row, each one checked. */
import { resolve, sep } from 'node:path';
import { withContainer } from '../audio/member.js';
import { UserError } from '../base/errors.js';
import { invalidValue } from '../base/validation.js';
import type { CsvRecord } from './csv.js';
import { normalForm } from './look-alikes.js';

/** One row of a manifest. */
export interface Utterance {
  readonly id: string;
  /** Absolute path of the audio file, or of what lies inside one (`audio/member.ts`). */
  readonly path: string;
  /** Where in the file the utterance starts (default: at its start). */
  readonly startSeconds?: number;
  /** How long it is (default: to the file's end). */
  readonly durationSeconds?: number;
  /** Which of the file's channels, counted from 1 (default: the mean of all). */
  readonly channel?: number;
  /** How much louder its samples are than the file's: no cell of the manifest, but a setting of the work. */
  readonly gainDecibels?: number;
  /** Whether its pauses are taken out (`audio/silence.ts`): a setting of the work, as the gain is. */
  readonly withoutSilence?: boolean;
  /**
   * The part that is left of what the rest gives, where that is longer: it starts at `place`, in [0, 1), of what may be its
   * start. Of a crop whose audio is as long as its pauses let it be.
   */
  readonly window?: { readonly seconds: number; readonly place: number };
  readonly split: string;
  /** The id of the utterance that this one is a crop of: no row of the manifest, but made when work is planned. */
  readonly cropOf?: string;
  /** Every column by its name, in normal form but for `path`: also `speaker`, `text`, `label` and a task's own. */
  readonly columns: Readonly<Record<string, string>>;
  /** Where the row stands. */
  readonly line: number;
  readonly manifest: string;
}

export const requiredColumns = ['id', 'path', 'split'] as const;

/**
 * @param columns those that must be there
 * @throws UserError for columns that are missing, without a name, or there twice
 */
export function checkedHeader(
  written: readonly string[],
  file: string,
  line: number,
  columns: readonly string[],
): readonly string[] {
  const header = written.map(normalForm);
  const found = `Its columns: ${namesText(header)}`;
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    const names = missing.map((column) => `'${column}'`).join(', ');
    throw new UserError(
      `the column${missing.length > 1 ? 's' : ''} ${names} ${missing.length > 1 ? 'are' : 'is'} missing`,
      {
        file,
        line,
        hint: found,
      },
    );
  }
  const unnamed = header.indexOf('');
  if (unnamed >= 0) {
    throw new UserError(`column ${unnamed + 1} of the header has no name`, {
      file,
      line,
      hint: `Name it or remove it (an index column of pandas: use index=False). ${found}`,
    });
  }
  const seen = new Set<string>();
  const twice = header.find((column) => seen.size === seen.add(column).size);
  if (twice !== undefined) {
    throw new UserError(`duplicate column '${twice}'`, { file, line, hint: found });
  }
  return header;
}

/** What every row of a manifest shares. */
export interface Layout {
  readonly header: readonly string[];
  /** Where the columns with a meaning stand; -1 where one is missing. */
  readonly at: Readonly<Record<'id' | 'path' | 'split' | 'start' | 'duration' | 'channel', number>>;
  readonly file: string;
  readonly resolvePath: (path: string) => string;
  readonly keepColumns: boolean;
  /** One string for each split and path, however many rows name it. */
  readonly splits: Map<string, string>;
  readonly paths: Map<string, string>;
}

export function layoutOf(
  header: readonly string[],
  file: string,
  root: string,
  keepColumns: boolean,
): Layout {
  const base = resolve(root);
  const prefix = base.endsWith(sep) ? base : `${base}${sep}`;
  // Resolving takes longer than reading the row; most paths need none.
  const isPlain = (path: string): boolean => sep === '/' && !/^\/|\/$|(^|\/)\.{0,2}(\/|$)/.test(path);
  const resolved = (path: string): string => (isPlain(path) ? prefix + path : resolve(base, path));
  const resolvePath = (path: string): string => withContainer(path, resolved);
  const at = {
    id: header.indexOf('id'),
    path: header.indexOf('path'),
    split: header.indexOf('split'),
    start: header.indexOf('start'),
    duration: header.indexOf('duration'),
    channel: header.indexOf('channel'),
  };
  return { header, at, file, resolvePath, keepColumns, splits: new Map(), paths: new Map() };
}

const noColumns: Readonly<Record<string, string>> = Object.freeze({});

export function utteranceOf(layout: Layout, { cells, line, isNormal = false }: CsvRecord): Utterance {
  const { header, at, file, keepColumns, splits } = layout;
  checkCount(cells, header, file, line);
  const empty = requiredColumns.find((name) => (isNormal ? cells[at[name]] : cells[at[name]]?.trim()) === '');
  if (empty !== undefined) {
    throw new UserError(`column '${empty}' is empty`, {
      file,
      line,
      hint: `Every row needs ${requiredColumns.join(', ')}`,
    });
  }
  const formed = (cell: string): string => (isNormal ? cell : normalForm(cell));
  const split = formed(cells[at.split] as string);
  if (!splits.has(split)) splits.set(split, split);
  const utterance: Mutable<Utterance> = {
    id: formed(cells[at.id] as string),
    path: pathOf(layout, cells[at.path] as string),
    split: splits.get(split) as string,
    columns: noColumns,
    line,
    manifest: file,
  };
  const start = secondsOf('start', cells[at.start] ?? '', file, line);
  const duration = secondsOf('duration', cells[at.duration] ?? '', file, line);
  const channel = channelOf(cells[at.channel] ?? '', file, line);
  if (start !== undefined) utterance.startSeconds = start;
  if (duration !== undefined) utterance.durationSeconds = duration;
  if (channel !== undefined) utterance.channel = channel;
  if (keepColumns) {
    const columns: Record<string, string> = {};
    for (let i = 0; i < header.length; i++) {
      const cell = cells[i] as string;
      columns[header[i] as string] = isNormal || i === at.path ? cell : normalForm(cell);
    }
    utterance.columns = columns;
  }
  return utterance;
}

/** @throws UserError where a row has more or fewer cells than the header */
export function checkCount(
  cells: readonly string[],
  header: readonly string[],
  file: string,
  line: number,
): void {
  if (cells.length === header.length) return;
  throw new UserError(`${cells.length} cells, expected ${columnsText(header)}`, {
    file,
    line,
    hint:
      cells.length > header.length ? 'Put a cell that contains a comma in "quotes"' : 'Add the missing cells',
  });
}

/** Where most rows have a file of their own, remembering more paths would save nothing. */
const mostPaths = 100_000;

function pathOf({ paths, resolvePath }: Layout, path: string): string {
  const known = paths.get(path);
  if (known !== undefined) return known;
  const resolved = resolvePath(path);
  if (paths.size < mostPaths) paths.set(path, resolved);
  return resolved;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** At most so many names of a header are shown. */
const mostNames = 20;

const columnsText = (header: readonly string[]): string => `${header.length} columns (${namesText(header)})`;

function namesText(header: readonly string[]): string {
  const shown = header.slice(0, mostNames).join(',');
  return header.length > mostNames ? `${shown}, and ${header.length - mostNames} more` : shown;
}

function channelOf(text: string, file: string, line: number): number | undefined {
  if (text === '') return undefined;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  const expected = 'expected a whole number, 1 or more, or an empty cell (the mean of all channels)';
  throw new UserError(invalidValue('channel', expected, text), { file, line });
}

function secondsOf(name: 'start' | 'duration', text: string, file: string, line: number): number | undefined {
  if (text === '') return undefined;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  const fits = name === 'start' ? value >= 0 : value > 0;
  if (!Number.isFinite(value) || !fits) {
    const expected = `expected a number of seconds, ${name === 'start' ? '0 or more' : 'more than 0'}, or an empty cell`;
    throw new UserError(invalidValue(name, expected, text), { file, line });
  }
  return value;
}
