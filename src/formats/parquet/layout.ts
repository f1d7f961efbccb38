/** @file What a Parquet file says of itself: its columns, where their pages lie, and the notes of who wrote it. */
import { type FileMetaData, parquetMetadata, parquetSchema, type SchemaTree } from 'hyparquet';
import type { ByteSource } from '../../base/byte-source.js';
import { messageOf, UserError } from '../../base/errors.js';

/** A column of single values: of the file itself or of a structure in it, but of no list. */
export interface ParquetColumn {
  /** Its names from the file down, with dots between. */
  readonly name: string;
  readonly type: NonNullable<SchemaTree['element']['type']>;
  /** Bytes of each value of a FIXED_LEN_BYTE_ARRAY. */
  readonly width: number | undefined;
  readonly isText: boolean;
  /** How many of its names may be null: the definition level of a value that is there. */
  readonly optionalLevels: number;
}

/** Where the pages of a column lie that belong to one row group. */
export interface ColumnPlace {
  readonly codec: string;
  readonly start: number;
  readonly end: number;
}

export interface RowGroup {
  /** Counted over the file. */
  readonly firstRow: number;
  readonly rows: number;
  readonly places: ReadonlyMap<string, ColumnPlace>;
}

export interface ParquetLayout {
  readonly rows: number;
  readonly columns: readonly ParquetColumn[];
  /** Names of columns that are lists, maps or of lists. */
  readonly lists: readonly string[];
  readonly groups: readonly RowGroup[];
  /** Keys and values that the writer added, such as `huggingface`. */
  readonly notes: ReadonlyMap<string, string>;
}

/** A footer has a few hundred bytes a column and row group. */
const longestFooter = 1 << 26;

export function damagedParquet(file: string, how: string, cause?: unknown): UserError {
  return new UserError(`the Parquet file is truncated or damaged: ${how}`, {
    file,
    hint: 'Download or copy it again',
    cause,
  });
}

/**
 * Reads the footer.
 * @throws UserError when it is no Parquet file, is encrypted, or contradicts itself
 */
export async function readLayout(source: ByteSource): Promise<ParquetLayout> {
  const { file, bytes } = source;
  const head = Buffer.from(await source.read(0, 4)).toString('latin1');
  if (head !== 'PAR1') {
    const what = head === 'PARE' ? 'is an encrypted Parquet file' : 'is not a Parquet file';
    throw new UserError(what, { file, hint: 'Pass the .parquet files of a data set that contains audio' });
  }
  const tail = Buffer.from(await source.read(Math.max(0, bytes - 8), 8));
  if (bytes < 12 || tail.toString('latin1', 4) !== 'PAR1')
    throw damagedParquet(file, 'its end marker is missing');
  const length = tail.readUInt32LE(0);
  if (length > bytes - 12 || length > longestFooter)
    throw damagedParquet(file, `invalid footer length: ${length} bytes`);
  try {
    return layoutOf(
      parquetMetadata(await source.read(bytes - 8 - length, length + 8), withoutMeaning),
      file,
      bytes,
    );
  } catch (error) {
    throw error instanceof UserError ? error : damagedParquet(file, messageOf(error), error);
  }
}

/** Statistics are not looked at: whatever stands there is no value of a type. */
const withoutMeaning = {
  geoparquet: false,
  parsers: { stringFromBytes: () => '' },
};

function layoutOf(metadata: FileMetaData, file: string, bytes: number): ParquetLayout {
  const leaves = leavesOf(parquetSchema(metadata));
  let firstRow = 0;
  const groups = metadata.row_groups.map((group): RowGroup => {
    const rows = countOf(group.num_rows, file);
    const places = new Map<string, ColumnPlace>();
    for (const { meta_data: column } of group.columns) {
      if (column === undefined)
        throw damagedParquet(file, 'a column has no description, or is in another file');
      const dictionary = Number(column.dictionary_page_offset ?? 0);
      const data = Number(column.data_page_offset);
      const start = dictionary > 0 ? Math.min(dictionary, data) : data;
      const end = start + Number(column.total_compressed_size);
      const name = column.path_in_schema.join('.');
      if (!(start >= 4 && end >= start && end <= bytes))
        throw damagedParquet(
          file,
          `invalid position of column ${name}: bytes ${start} to ${end} of ${bytes}`,
        );
      places.set(name, { codec: column.codec, start, end });
    }
    firstRow += rows;
    return { firstRow: firstRow - rows, rows, places };
  });
  const rows = countOf(metadata.num_rows, file);
  if (rows !== firstRow)
    throw damagedParquet(file, `it declares ${rows} rows, but its row groups have ${firstRow}`);
  return {
    rows,
    columns: leaves.flatMap(({ column }) => column ?? []),
    lists: leaves.flatMap(({ name, column }) => (column === undefined ? [name] : [])),
    groups,
    notes: new Map((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''])),
  };
}

/** More rows than any file of audio has, and fewer than a loop over them would take a day for. */
const mostRows = 1e9;

function countOf(rows: bigint, file: string): number {
  const count = Number(rows);
  if (count >= 0 && count <= mostRows) return count;
  throw damagedParquet(file, `it declares ${count} rows`);
}

interface Leaf {
  readonly name: string;
  /** Absent where it is of a list. */
  readonly column?: ParquetColumn;
}

function leavesOf(root: SchemaTree): Leaf[] {
  const leaves: Leaf[] = [];
  const walk = (node: SchemaTree, optionalLevels: number, isOfList: boolean): void => {
    const { element, children, path } = node;
    const levels = optionalLevels + (element.repetition_type === 'REQUIRED' ? 0 : 1);
    const repeats = isOfList || element.repetition_type === 'REPEATED';
    for (const child of children) walk(child, levels, repeats);
    if (children.length > 0 || element.type === undefined) return;
    const name = path.join('.');
    if (repeats) leaves.push({ name });
    else leaves.push({ name, column: columnOf(node, name, element.type, levels) });
  };
  for (const child of root.children) walk(child, 0, false);
  return leaves;
}

function columnOf(
  { element }: SchemaTree,
  name: string,
  type: ParquetColumn['type'],
  optionalLevels: number,
): ParquetColumn {
  const isText = element.converted_type === 'UTF8' || element.logical_type?.type === 'STRING';
  return { name, type, width: element.type_length, isText, optionalLevels };
}
