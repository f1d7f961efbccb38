/** @file Which columns of a Parquet file are audio and which say something of it, and what they say in a row. */

import type { ByteSource } from '../../../base/byte-source.js';
import { UserError } from '../../../base/errors.js';
import type { ParquetColumn, ParquetLayout } from '../../../formats/parquet/layout.js';
import { columnRows, type ParquetValue } from '../../../formats/parquet/read.js';
import { audioColumn, columnsOf } from './corpus-of.js';

export interface AudioColumns {
  readonly bytes: ParquetColumn;
  /** The name that the audio had. */
  readonly path: ParquetColumn | undefined;
  /** What all columns of the audio begin with. */
  readonly name: string;
}

/**
 * The column of audio: a structure {bytes, path}, or plain bytes.
 * @throws UserError when there is none, or several and none is named
 */
export function audioOf(
  layout: ParquetLayout,
  file: string,
  names: Readonly<Record<string, string>> | undefined,
): AudioColumns {
  const wanted = names?.[audioColumn];
  const named = (name: string): ParquetColumn | undefined =>
    layout.columns.find((column) => column.name === name && column.type === 'BYTE_ARRAY' && !column.isText);
  const structures = layout.columns
    .filter(({ name }) => name.endsWith('.bytes') && named(name))
    .map(({ name }) => name.slice(0, -'.bytes'.length));
  const plain = layout.columns
    .filter(({ name }) => !name.includes('.') && named(name))
    .map(({ name }) => name);
  const candidates = structures.length > 0 ? structures : plain;
  const name = wanted ?? (candidates.includes(audioColumn) ? audioColumn : candidates[0]);
  const bytes = name === undefined ? undefined : (named(`${name}.bytes`) ?? named(name));
  const all = `Its columns: ${layout.columns.map((column) => column.name).join(', ')}`;
  if (name === undefined || bytes === undefined) {
    const lists = layout.lists.some((list) => /\barray\b/.test(list));
    throw new UserError(
      wanted === undefined ? 'has no audio column' : `has no audio bytes in the column '${wanted}'`,
      {
        file,
        hint: lists
          ? 'It contains decoded samples: store the audio as bytes, dataset.cast_column("audio", Audio()).to_parquet(FILE)'
          : all,
      },
    );
  }
  if (wanted === undefined && candidates.length > 1 && name !== audioColumn) {
    throw new UserError(`has several columns that may contain audio: ${candidates.join(', ')}`, {
      file,
      hint: `Choose one: --columns audio=${candidates[0]}`,
    });
  }
  return { bytes, path: layout.columns.find((column) => column.name === `${name}.path`), name };
}

/** What a row says of its audio. */
export interface RowValues {
  readonly id: string | undefined;
  readonly path: string | undefined;
  readonly split: string | undefined;
  readonly duration: number | undefined;
  readonly columns: Readonly<Record<string, string>>;
}

/** Columns that have a place of their own in a row. */
const known = new Set(['id', 'split', 'duration']);

/** Every column but the audio, held: what is said of a row, by its number. */
export async function readColumns(
  source: ByteSource,
  layout: ParquetLayout,
  audio: AudioColumns,
): Promise<(row: number) => RowValues> {
  const classes = classNames(layout.notes.get('huggingface'));
  const isSaid = ({ name, type, isText }: ParquetColumn): boolean =>
    name !== audio.name && !name.startsWith(`${audio.name}.`) && (isText || !/BYTE_ARRAY|INT96/.test(type));
  const said = new Map<string, (string | undefined)[]>();
  for (const column of layout.columns.filter(isSaid))
    said.set(column.name, await readColumn(source, layout, column, classes.get(column.name)));
  const paths = audio.path?.isText ? await readColumn(source, layout, audio.path, undefined) : undefined;
  return (row) => {
    const cell = (name: string): string | undefined => said.get(name)?.[row];
    const seconds = Number(cell('duration') ?? Number.NaN);
    return {
      id: cell('id'),
      path: paths?.[row],
      split: cell('split'),
      duration: Number.isFinite(seconds) && seconds > 0 ? seconds : undefined,
      columns: columnsOf(
        [...said].flatMap(([name, cells]) => (known.has(name) ? [] : [[name, cells[row]] as const])),
      ),
    };
  };
}

async function readColumn(
  source: ByteSource,
  layout: ParquetLayout,
  column: ParquetColumn,
  names: readonly string[] | undefined,
): Promise<(string | undefined)[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const textOf = (value: ParquetValue, row: number): string => {
    if (!(value instanceof Uint8Array)) return names?.[Number(value)] ?? String(value);
    try {
      return decoder.decode(value);
    } catch (error) {
      throw new UserError(`row ${row} of the column ${column.name} is not UTF-8 text`, {
        file: source.file,
        hint: 'Write it again',
        cause: error,
      });
    }
  };
  const cells: (string | undefined)[] = [];
  for await (const { firstRow, values } of columnRows(source, layout, column))
    for (const [i, value] of values.entries())
      cells.push(value === null ? undefined : textOf(value, firstRow + i));
  return cells;
}

/** The names of classes that stand as numbers, by column: `datasets` notes them. */
function classNames(note: string | undefined): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  try {
    const { info } = JSON.parse(note ?? '{}') as { readonly info?: { readonly features?: object } };
    for (const [column, feature] of Object.entries(info?.features ?? {})) {
      const { names: own, _type: type } = (feature ?? {}) as {
        readonly names?: unknown;
        readonly _type?: unknown;
      };
      if (type === 'ClassLabel' && Array.isArray(own)) names.set(column, own.map(String));
    }
  } catch {
    // Another program's note: numbers stay numbers.
  }
  return names;
}
