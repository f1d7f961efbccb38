/** @file One value of bytes out of a Parquet file; the page it was in is kept for the next one. */
import { LRUCache } from 'lru-cache';
import type { ByteSource } from '../../base/byte-source.js';
import { UserError } from '../../base/errors.js';
import { type ParquetColumn, type ParquetLayout, readLayout } from './layout.js';
import { columnRows, type ParquetRows } from './read.js';

/** A file as it was when something of it was kept. */
export interface DatedSource extends ByteSource {
  /** When it was changed last, in milliseconds since 1970. */
  readonly modified: number;
}

const layouts = new LRUCache<string, ParquetLayout>({ max: 16 });
/** Rows are read one after the other: one page serves all that are in it. */
let latest: { readonly key: string; readonly rows: ParquetRows } | undefined;

/**
 * The bytes in a row of a column.
 * @param row counted from 0
 * @throws UserError when there is no such column or row, and as `columnRows`
 */
export async function blobAt(source: DatedSource, name: string, row: number): Promise<Uint8Array | null> {
  const { file, bytes, modified } = source;
  const dated = `${bytes} ${modified} ${file}`;
  const key = `${dated}#${name}`;
  if (latest?.key === key) {
    const value = latest.rows.values[row - latest.rows.firstRow];
    if (value !== undefined) return bytesOf(value, file, name);
  }
  const layout = layouts.get(dated) ?? (await readLayout(source));
  layouts.set(dated, layout);
  const column = bytesColumn(layout, name, file);
  if (row >= layout.rows)
    throw new UserError(`has no row ${row}, only ${layout.rows} rows`, {
      file,
      hint: "Run 'ehmam prepare' again",
    });
  latest = undefined;
  for await (const rows of columnRows(source, layout, column, row)) {
    latest = { key, rows };
    return bytesOf(rows.values[row - rows.firstRow], file, name);
  }
  throw new Error(`row ${row} of ${name} in ${file} was skipped`);
}

/** @throws UserError where there is no column of bytes by this name */
export function bytesColumn(layout: ParquetLayout, name: string, file: string): ParquetColumn {
  const column = layout.columns.find((each) => each.name === name);
  if (column?.type === 'BYTE_ARRAY') return column;
  throw new UserError(`has no byte column '${name}'`, {
    file,
    hint: `Its columns are: ${layout.columns.map((each) => each.name).join(', ')}`,
  });
}

function bytesOf(value: unknown, file: string, name: string): Uint8Array | null {
  if (value === null || value instanceof Uint8Array) return value;
  throw new Error(`a value of ${name} in ${file} is not bytes`);
}
