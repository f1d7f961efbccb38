/** @file The rows of a manifest: read from CSV as a stream, each one checked, and written. */
import { createReadStream } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pipeline } from 'node:stream';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import { messageOf, UserError } from '../errors.js';
import { systemCode, writeFileAtomic } from '../files.js';

/** One row of a manifest. */
export interface Utterance {
  readonly id: string;
  /** Absolute path of the audio file. */
  readonly path: string;
  /** Where in the file the utterance starts (default: at its start). */
  readonly startSeconds?: number;
  /** How long it is (default: to the file's end). */
  readonly durationSeconds?: number;
  /** Which of the file's channels, counted from 1 (default: the mean of all). */
  readonly channel?: number;
  readonly split: string;
  /** The id of the utterance that this one is a crop of: no row of the manifest, but made when work is planned. */
  readonly cropOf?: string;
  /** Every column by its name, as written: also `speaker`, `text`, `label` and a task's own. */
  readonly columns: Readonly<Record<string, string>>;
  /** Where the row stands. */
  readonly line: number;
  readonly manifest: string;
}

export interface ManifestOptions {
  /** The folder that `path` is relative to (default: the manifest's). */
  readonly root?: string | undefined;
  /** Columns that must be there besides `id`, `path` and `split`. */
  readonly columns?: readonly string[];
}

/** A row to write: the columns by their names. */
export type ManifestRow = {
  readonly id: string;
  readonly path: string;
  readonly split: string;
} & Readonly<Record<string, string | number | undefined>>;

const requiredColumns = ['id', 'path', 'split'] as const;
const usualOrder = ['id', 'path', 'start', 'duration', 'split', 'speaker', 'text', 'label'] as const;

interface CsvRow {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/**
 * The rows of a manifest, in order; the file is never held whole. Byte-order mark, CRLF, quotes and spaces
 * beside the commas are accepted.
 * @throws UserError with file and line: header, number of columns, empty cells of `id`, `path` or `split`,
 *   numbers, quotes, encoding. Duplicates and missing audio are for `loadUtterances` to find.
 */
export async function* readManifest(file: string, options: ManifestOptions = {}): AsyncGenerator<Utterance> {
  const root = options.root ?? dirname(file);
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  });
  // The parser's own iterator throws what goes wrong anywhere in the pipeline.
  pipeline(createReadStream(file), utf8Text, parser, () => undefined);
  const lineOf = lineCounter();
  let header: readonly string[] | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRow>) {
      const line = lineOf(record, info.lines);
      if (header === undefined) header = checkedHeader(record, file, line, options.columns ?? []);
      else yield utteranceOf(header, record, { file, line, root });
    }
  } catch (error) {
    throw readError(error, file);
  }
  if (header === undefined) {
    throw new UserError('the manifest is empty', {
      file,
      mend: 'Its first line must name the columns, for example: id,path,split,speaker,text,label',
    });
  }
}

/**
 * The line a record starts on. The parser tells where it ends, and inside quotes it counts CRLF as two lines.
 */
function lineCounter(): (record: readonly string[], parserLines: number) => number {
  let surplus = 0;
  return (record, parserLines) => {
    const breaks = record.flatMap((cell) => cell.match(/\r\n|\r|\n/g) ?? []);
    const counted = breaks.join('').length;
    const line = parserLines - counted - surplus;
    surplus += counted - breaks.length;
    return line;
  };
}

async function* utf8Text(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

function checkedHeader(
  header: readonly string[],
  file: string,
  line: number,
  columns: readonly string[],
): readonly string[] {
  const found = `The header found is: ${header.join(',')}`;
  const missing = [...requiredColumns, ...columns].filter((column) => !header.includes(column));
  if (missing.length > 0) {
    const names = missing.map((column) => `'${column}'`).join(', ');
    throw new UserError(
      `the column${missing.length > 1 ? 's' : ''} ${names} ${missing.length > 1 ? 'are' : 'is'} missing`,
      {
        file,
        line,
        mend: found,
      },
    );
  }
  const unnamed = header.indexOf('');
  if (unnamed >= 0) {
    throw new UserError(`column ${unnamed + 1} of the header has no name`, {
      file,
      line,
      mend: `Name it or take it out (an index that pandas wrote: index=False). ${found}`,
    });
  }
  const twice = header.find((column, index) => header.indexOf(column) !== index);
  if (twice !== undefined) {
    throw new UserError(`the column '${twice}' is there twice`, { file, line, mend: found });
  }
  return header;
}

function utteranceOf(
  header: readonly string[],
  record: readonly string[],
  place: { readonly file: string; readonly line: number; readonly root: string },
): Utterance {
  const { file, line, root } = place;
  if (record.length !== header.length) {
    throw new UserError(`${record.length} cells under ${header.length} columns (${header.join(',')})`, {
      file,
      line,
      mend:
        record.length > header.length
          ? 'A cell with a comma in it must stand in "quotes"'
          : 'Add the missing cells',
    });
  }
  const columns = Object.fromEntries(header.map((name, index) => [name, record[index] ?? '']));
  const { id = '', path = '', split = '' } = columns;
  const empty = requiredColumns.find((name) => columns[name] === '');
  if (empty !== undefined) {
    throw new UserError(`'${empty}' is empty`, {
      file,
      line,
      mend: `Every row needs ${requiredColumns.join(', ')}`,
    });
  }
  const start = secondsOf('start', columns, file, line);
  const duration = secondsOf('duration', columns, file, line);
  const channel = channelOf(columns, file, line);
  return {
    id,
    path: resolve(root, path),
    ...(start === undefined ? {} : { startSeconds: start }),
    ...(duration === undefined ? {} : { durationSeconds: duration }),
    ...(channel === undefined ? {} : { channel }),
    split,
    columns,
    line,
    manifest: file,
  };
}

function channelOf(
  columns: Readonly<Record<string, string>>,
  file: string,
  line: number,
): number | undefined {
  const text = columns.channel ?? '';
  if (text === '') return undefined;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new UserError(`'channel' is '${text}'`, {
    file,
    line,
    mend: 'It must be a whole number from 1, or empty for the mean of all',
  });
}

function secondsOf(
  name: 'start' | 'duration',
  columns: Readonly<Record<string, string>>,
  file: string,
  line: number,
): number | undefined {
  const text = columns[name] ?? '';
  if (text === '') return undefined;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  const fits = name === 'start' ? value >= 0 : value > 0;
  if (!Number.isFinite(value) || !fits) {
    throw new UserError(`'${name}' is '${text}'`, {
      file,
      line,
      mend: `It must be a number of seconds, ${name === 'start' ? 'zero or more' : 'more than zero'}, or empty`,
    });
  }
  return value;
}

function readError(error: unknown, file: string): unknown {
  const { code, lines } = (error ?? {}) as { readonly code?: unknown; readonly lines?: unknown };
  if (typeof code === 'string' && (code.startsWith('CSV_') || code === 'INVALID_OPENING_QUOTE')) {
    const quotes = code.includes('QUOTE') || code === 'CSV_MAX_RECORD_SIZE';
    return new UserError(`is not valid CSV (${messageOf(error)})`, {
      file,
      ...(typeof lines === 'number' ? { line: lines } : {}),
      ...(quotes
        ? { mend: 'A cell with quotes in it must stand in quotes, each of its own doubled: "say ""yes"""' }
        : {}),
      cause: error,
    });
  }
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    return new UserError('is not UTF-8 text', { file, mend: 'Save it as CSV in UTF-8', cause: error });
  }
  if (systemCode(error) === undefined) return error;
  return new UserError(`the manifest cannot be read (${messageOf(error)})`, {
    file,
    mend: 'Give the path of a CSV file that names the utterances',
    cause: error,
  });
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
