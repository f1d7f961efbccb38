/** @file The rows of a manifest: read from CSV as a stream, each one checked, and written. */
import { dirname } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { messageOf, together, UserError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import { csvRecords } from './csv.js';
import {
  checkedHeader,
  type Layout,
  layoutOf,
  requiredColumns,
  type Utterance,
  utteranceOf,
} from './utterance.js';

export type { Utterance } from './utterance.js';

/** A column that must be filled in every row, or in those of some splits. */
export type WantedColumn = string | { readonly name: string; readonly splits: readonly string[] };

export interface ManifestOptions {
  /** The folder that `path` is relative to (default: the manifest's). */
  readonly root?: string | undefined;
  /** Columns that the header must have besides `id`, `path` and `split`. */
  readonly columns?: readonly WantedColumn[];
}

/** The first of the columns wanted in an utterance's split whose cell is empty. */
export function emptyColumnOf(
  { split, columns: cells }: Utterance,
  columns: readonly WantedColumn[],
): string | undefined {
  for (const column of columns) {
    const name = typeof column === 'string' ? column : column.name;
    if (cells[name] !== '') continue;
    if (typeof column === 'string' || column.splits.includes(split)) return name;
  }
  return undefined;
}

/** A row to write: the columns by their names. */
export type ManifestRow = {
  readonly id: string;
  readonly path: string;
  readonly split: string;
} & Readonly<Record<string, string | number | undefined>>;

const usualOrder = ['id', 'path', 'start', 'duration', 'split', 'speaker', 'text', 'label'] as const;

/**
 * The rows of a manifest, in order; the file is never held whole. Byte-order mark, CRLF, quotes and spaces
 * beside the commas are accepted.
 * @throws UserError with file and line: header, number of columns, empty cells of `id`, `path` or `split`,
 *   numbers, quotes, encoding. Duplicates and missing audio are for `loadUtterances` to find.
 */
export async function* readManifest(file: string, options: ManifestOptions = {}): AsyncGenerator<Utterance> {
  for await (const block of readBlocks(file, options)) yield* block;
}

/** A row that is wrong. */
export interface RowProblem {
  readonly line: number;
  readonly error: UserError;
}

/** A file with more wrong rows is not read to its end. */
const mostWrong = 1000;

/** The same in blocks, which costs a million rows less; without `keepColumns` the columns stay empty. */
export async function* readBlocks(
  file: string,
  options: ManifestOptions & {
    readonly keepColumns?: boolean;
    /** Where rows that are wrong are noted (default: all of them are thrown behind the last good one). */
    readonly problems?: RowProblem[];
  } = {},
): AsyncGenerator<readonly Utterance[]> {
  const { problems = [] } = options;
  let layout: Layout | undefined;
  try {
    for await (const records of csvRecords(file)) {
      const [first, ...others] = layout === undefined ? records : [];
      if (first !== undefined) {
        const names = (options.columns ?? []).map((column) =>
          typeof column === 'string' ? column : column.name,
        );
        const needed = [...requiredColumns, ...names];
        const header = checkedHeader(first.cells, file, first.line, needed);
        layout = layoutOf(header, file, options.root ?? dirname(file), options.keepColumns ?? true);
      }
      const rows = first === undefined ? records : others;
      if (layout === undefined) continue;
      const block: Utterance[] = [];
      for (const record of rows) {
        try {
          block.push(utteranceOf(layout, record));
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          problems.push({ line: record.line, error });
        }
      }
      yield block;
      if (problems.length > mostWrong) break;
    }
  } catch (error) {
    const read = readError(error, file);
    throw read instanceof UserError ? together([...problems.map((each) => each.error), read]) : read;
  }
  if (options.problems === undefined && problems.length > 0)
    throw together(problems.map(({ error }) => error));
  if (layout === undefined) {
    throw new UserError('the manifest is empty', {
      file,
      hint: 'The first line must contain the column names, for example: id,path,split,speaker,text,label',
    });
  }
}

/** What keeps a CSV file from being read, as a user error where it is one. */
export function readError(error: unknown, file: string): unknown {
  const { code, lines } = (error ?? {}) as { readonly code?: unknown; readonly lines?: unknown };
  if (typeof code === 'string' && (code.startsWith('CSV_') || code === 'INVALID_OPENING_QUOTE')) {
    const quotes = code.includes('QUOTE') || code === 'CSV_MAX_RECORD_SIZE';
    return new UserError(`invalid CSV (${messageOf(error)})`, {
      file,
      ...(typeof lines === 'number' ? { line: lines } : {}),
      ...(quotes
        ? { hint: 'Put a cell that contains quotes in quotes, and double the inner ones: "say ""yes"""' }
        : {}),
      cause: error,
    });
  }
  return error;
}

/** Writes a manifest in one step; a column is there when any row has it. */
export async function writeManifest(file: string, rows: readonly ManifestRow[]): Promise<void> {
  const used = new Set(rows.flatMap((row) => Object.keys(row).filter((name) => row[name] !== undefined)));
  for (const name of requiredColumns) used.add(name);
  const columns = [
    ...usualOrder.filter((name) => used.has(name)),
    ...[...used].filter((name) => !isUsual(name)),
  ];
  const cells = rows.map((row) => columns.map((name) => String(row[name] ?? '')));
  // What the reader would trim or take for a byte-order mark stands in quotes.
  await writeFileAtomic(file, stringify([columns, ...cells], { quoted_match: /^\s|\s$|[\r\n\ufeff]/ }));
}

function isUsual(name: string): boolean {
  return (usualOrder as readonly string[]).includes(name);
}
