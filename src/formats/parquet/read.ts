/** @file Values of Parquet columns, page by page: no more of a file is held than one page of one column. */
import type { PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import type { ByteSource } from '../../base/byte-source.js';
import { messageOf, UserError } from '../../base/errors.js';
import { type ColumnPlace, damagedParquet, type ParquetColumn, type ParquetLayout } from './layout.js';
import { decodeDictionary, decodePage, type ParquetValue, shapeOf } from './page.js';

export type { ParquetValue } from './page.js';

/** Consecutive rows of a column. */
export interface ParquetRows {
  /** Counted over the file. */
  readonly firstRow: number;
  /** Bytes are parts of one page: who keeps some of them long copies them. */
  readonly values: readonly (ParquetValue | null)[];
}

/** What is held at once: 100 recordings of minutes come to less. */
const longestPage = 1 << 29;
const mostPageRows = 1 << 22;

/**
 * A column from a row on, page by page; pages before it are passed over.
 * @throws UserError naming the file, for pages that are damaged, too large or written in a way that is not read
 */
export async function* columnRows(
  source: ByteSource,
  layout: ParquetLayout,
  column: ParquetColumn,
  fromRow = 0,
): AsyncGenerator<ParquetRows> {
  for (const { firstRow, rows, places } of layout.groups) {
    if (firstRow + rows <= fromRow) continue;
    const place = places.get(column.name);
    if (place === undefined) throw damagedParquet(source.file, `a row group has no column ${column.name}`);
    yield* pagesOf(source, column, place, { firstRow, rows, fromRow });
  }
}

async function* pagesOf(
  source: ByteSource,
  column: ParquetColumn,
  place: ColumnPlace,
  group: { readonly firstRow: number; readonly rows: number; readonly fromRow: number },
): AsyncGenerator<ParquetRows> {
  const { codec, end } = place;
  let dictionary: ArrayLike<ParquetValue> | undefined;
  let row = 0;
  try {
    for (let at = place.start; row < group.rows; ) {
      if (at >= end) throw new Error(`the column ${column.name} ends at row ${group.firstRow + row}`);
      const { header, start } = await headerAt(source, at, end);
      at = start + header.compressed_page_size;
      if (header.type === 'DICTIONARY_PAGE') {
        dictionary = decodeDictionary(await bytesOf(source, header, start), header, column, codec);
        continue;
      }
      if (header.type === 'INDEX_PAGE') continue;
      const { rows } = shapeOf(header);
      if (!(rows >= 0 && rows <= Math.min(group.rows - row, mostPageRows)))
        throw new Error(`a page has ${rows} rows, but ${group.rows - row} are left`);
      const firstRow = group.firstRow + row;
      row += rows;
      if (firstRow + rows <= group.fromRow) continue;
      const bytes = await bytesOf(source, header, start);
      yield { firstRow, values: decodePage(bytes, header, column, codec, dictionary) };
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw damagedParquet(source.file, messageOf(error), error);
  }
}

/** Statistics in a header may hold the longest and shortest value. */
const [usualHeader, longestHeader] = [1 << 10, 1 << 24];

/** The header of a page and where its bytes start. */
async function headerAt(
  source: ByteSource,
  at: number,
  end: number,
): Promise<{ readonly header: PageHeader; readonly start: number }> {
  for (let length = usualHeader; ; length *= 16) {
    const bytes = await source.read(at, Math.min(length, end - at));
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
    try {
      const header = parquetHeader(reader);
      const start = at + reader.offset;
      if (!(header.compressed_page_size >= 0 && start + header.compressed_page_size <= end))
        throw damagedParquet(
          source.file,
          `a page declares ${header.compressed_page_size} bytes, but ${end - start} are left`,
        );
      checkSize(header, source.file);
      return { header, start };
    } catch (error) {
      if (error instanceof UserError || length >= Math.min(longestHeader, end - at)) throw error;
    }
  }
}

function checkSize({ uncompressed_page_size: bytes }: PageHeader, file: string): void {
  if (bytes >= 0 && bytes <= longestPage) return;
  const what = bytes < 0 ? `a page declares ${bytes} bytes` : `a page of ${Math.round(bytes / 1e6)} MB`;
  throw new UserError(`${what} is too large for memory`, {
    file,
    hint: 'Write it again with smaller row groups, for example: dataset.to_parquet(FILE, batch_size=100)',
  });
}

async function bytesOf(source: ByteSource, header: PageHeader, start: number): Promise<Uint8Array> {
  const bytes = await source.read(start, header.compressed_page_size);
  if (bytes.length < header.compressed_page_size) throw new Error('it was shortened during reading');
  return bytes;
}
