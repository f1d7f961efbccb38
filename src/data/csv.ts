/** @file CSV as a stream of blocks of records: plain rows are split here, anything unusual is csv-parse's to judge. */
import { parse } from 'csv-parse/sync';
import { textPieces } from '../base/text.js';

export interface CsvRecord {
  readonly cells: readonly string[];
  /** The line it starts on, counted from 1. */
  readonly line: number;
  /** Whether all cells are known to be in normal form: `normalForm` is spared. */
  readonly isNormal?: boolean;
}

/** Bare cells of printable ASCII, which the parser trims. */
const unusual = /[^\n\r -~]|"/;

/** An error of csv-parse, with the line in the file. */
export interface CsvFault {
  readonly code: string;
  readonly lines?: number;
  readonly message: string;
}

/** Larger blocks keep the cells of more rows alive at once, which costs more than it saves. */
const blockBytes = 1 << 16;
/** A quote that is not closed within so many characters is an error. */
const longestOpenQuote = 1 << 24;

/**
 * The records of a UTF-8 file, block by block; the file is never held whole. Byte-order mark, CRLF, empty lines and
 * spaces beside the commas are accepted.
 * @param what the file is, for the message that it cannot be read
 * @throws what csv-parse throws, lines counted over the file; UserError as `textPieces`
 */
export async function* csvRecords(file: string, what = 'the manifest'): AsyncGenerator<readonly CsvRecord[]> {
  let text = '';
  let line = 1;
  const take = (block: string): readonly CsvRecord[] => {
    const records = plainRecords(block, line) ?? parsedRecords(block, line);
    line += breaksIn(block);
    return records;
  };
  const pieces = textPieces(file, {
    what,
    hint: 'Save it as CSV in UTF-8',
    pieceBytes: blockBytes,
  });
  for await (const piece of pieces) {
    text += piece;
    const end = text.lastIndexOf('\n') + 1;
    if (end === 0) continue;
    const block = text.slice(0, end);
    if (isInsideQuotes(block)) {
      if (text.length > longestOpenQuote) yield parsedRecords(text, line);
      continue;
    }
    text = text.slice(end);
    yield take(block);
  }
  if (text !== '') yield take(text);
}

/** Whether a record goes on behind the text: an odd number of quotes. */
function isInsideQuotes(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

function breaksIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** The records of whole lines; undefined where one is not plain. */
export function plainRecords(text: string, firstLine: number): CsvRecord[] | undefined {
  const records: CsvRecord[] = [];
  const isNormal = !unusual.test(text);
  let line = firstLine;
  for (let start = 0; start < text.length; line++) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const row = text.slice(start, text.charCodeAt(end - 1) === 13 && end > start ? end - 1 : end);
    start = end + 1;
    if (row === '') continue;
    const cells = plainCells(row);
    if (cells === undefined) return undefined;
    records.push(isNormal ? { cells, line, isNormal } : { cells, line });
  }
  return records;
}

/** Cells of one line: bare, or in quotes with none inside; undefined for anything else. */
function plainCells(row: string): string[] | undefined {
  if (/[\r\f\v]|^\s+$/.test(row)) return undefined;
  const cells: string[] = [];
  for (let at = 0; ; at++) {
    let end: number;
    if (row.charCodeAt(at) === 34) {
      const close = row.indexOf('"', at + 1);
      end = close + 1;
      if (close < 0 || (end < row.length && row.charCodeAt(end) !== 44)) return undefined;
      cells.push(row.slice(at + 1, close));
    } else {
      const comma = row.indexOf(',', at);
      end = comma < 0 ? row.length : comma;
      const cell = row.slice(at, end).trim();
      if (cell.includes('"')) return undefined;
      cells.push(cell);
    }
    if (end >= row.length) return cells;
    at = end;
  }
}

/** The same by csv-parse. */
export function parsedRecords(text: string, firstLine: number): CsvRecord[] {
  try {
    const parsed = parse(text, {
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as readonly { readonly record: string[]; readonly info: { readonly lines: number } }[];
    const lineOf = lineCounter();
    return parsed.map(({ record, info }) => ({
      cells: record,
      line: firstLine - 1 + lineOf(record, info.lines),
    }));
  } catch (error) {
    const { code, lines, message } = error as Partial<CsvFault>;
    if (typeof code !== 'string' || message === undefined) throw error;
    const moved = message.replace(/\bline (\d+)/g, (_, found) => `line ${Number(found) + firstLine - 1}`);
    throw Object.assign(new Error(moved, { cause: error }), {
      code,
      ...(typeof lines === 'number' && { lines: lines + firstLine - 1 }),
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
