/** @file Parquet files as Hugging Face's `datasets` writes them: audio as bytes in a column, with its texts beside it. */
import { basename, join, resolve } from 'node:path';
import { crc32Of, memberPath } from '../../../audio/member.js';
import type { ByteSource } from '../../../base/byte-source.js';
import { createProgress } from '../../../base/progress.js';
import { type ParquetLayout, readLayout } from '../../../formats/parquet/layout.js';
import { columnRows, type ParquetValue } from '../../../formats/parquet/read.js';
import { roomFor, unpackBytes } from '../../archives/unpack.js';
import { extensionOf } from './audio-extension.js';
import { corpusOf, namedAlike } from './corpus-of.js';
import { inputFiles, unpackFolders, withSource } from './input-files.js';
import { type AudioColumns, audioOf, type RowValues, readColumns } from './parquet-columns.js';
import type { ReadInput, Toolkit, ToolkitOptions, ToolkitRow } from './toolkit.js';

export const parquet: Toolkit = {
  name: 'parquet',
  summary: "Parquet files of Hugging Face's datasets, with audio in them",
  inputs: 'FILE.parquet|DIR...',
  hasAudioInside: true,
  async read(options) {
    const remarks: string[] = [];
    const files = await inputFiles(options.inputs, /\.parquet$/, 'Parquet files');
    const folders = options.unpack === undefined ? undefined : unpackFolders(files, options.unpack);
    const inputs: ReadInput[] = [];
    for (const input of files) {
      const folder = folders?.get(input.path);
      const rows = await withSource(input.path, (source) => readFile(source, options, folder, remarks));
      inputs.push({ input, rows });
    }
    const names = new Set(inputs.flatMap(({ rows }) => Object.keys(rows[0]?.columns ?? {})));
    return corpusOf('parquet', inputs, namedAlike(names, options, remarks), remarks);
  },
};

async function readFile(
  source: ByteSource,
  options: ToolkitOptions,
  folder: string | undefined,
  remarks: string[],
): Promise<ToolkitRow[]> {
  const layout = await readLayout(source);
  const audio = audioOf(layout, source.file, options.columns);
  if (folder !== undefined) await roomFor(audioBytes(layout, audio), folder);
  const values = await readColumns(source, layout, audio);
  const rows: ToolkitRow[] = [];
  const silent: number[] = [];
  const progress = createProgress(`reading ${basename(source.file)}, rows`, layout.rows, {
    quiet: options.quiet ?? false,
  });
  try {
    for await (const { firstRow, values: blobs } of columnRows(source, layout, audio.bytes)) {
      for (const [i, blob] of blobs.entries()) {
        const said = values(firstRow + i);
        const place = await placeOf(blob, { source, audio, row: firstRow + i, said, folder });
        if (place === undefined) silent.push(firstRow + i);
        else rows.push(rowOf(place, said, source.file, firstRow + i));
        progress.update(firstRow + i + 1);
      }
    }
  } finally {
    progress.stop();
  }
  if (silent.length > 0)
    remarks.push(
      `${source.file}: ${silent.length} rows have no audio (row ${silent[0]}, counted from 0, is the first)`,
    );
  return rows;
}

/** What the column of audio takes in the file: unpacked it takes as much or more. */
function audioBytes(layout: ParquetLayout, { bytes }: AudioColumns): number {
  return layout.groups.reduce((sum, { places }) => {
    const place = places.get(bytes.name);
    return sum + (place === undefined ? 0 : place.end - place.start);
  }, 0);
}

/** Where a row's audio is: in the file, unpacked, or in a file that it names. Undefined where there is none. */
async function placeOf(
  blob: ParquetValue | null | undefined,
  {
    source,
    audio,
    row,
    said,
    folder,
  }: {
    readonly source: ByteSource;
    readonly audio: AudioColumns;
    readonly row: number;
    readonly said: RowValues;
    readonly folder: string | undefined;
  },
): Promise<Pick<ToolkitRow, 'audio' | 'isLocated'> | undefined> {
  if (blob instanceof Uint8Array && blob.length > 0) {
    if (folder === undefined) {
      const container = resolve(source.file);
      const member = {
        container,
        name: audio.bytes.name,
        place: row,
        bytes: blob.length,
        crc32: crc32Of(blob),
      };
      return { audio: memberPath(member), isLocated: true };
    }
    const file = join(resolve(folder), `${String(row).padStart(6, '0')}.${extensionOf(blob, said.path)}`);
    await unpackBytes(blob, file);
    return { audio: file, isLocated: true };
  }
  return said.path === undefined || said.path === '' ? undefined : { audio: said.path };
}

function rowOf(
  place: Pick<ToolkitRow, 'audio' | 'isLocated'>,
  said: RowValues,
  file: string,
  row: number,
): ToolkitRow {
  const { id, path, split, duration, columns } = said;
  const stem = path === undefined ? undefined : basename(path).replace(/\.[A-Za-z0-9]{2,5}$/, '');
  return {
    ...place,
    id: id || stem || `${basename(file, '.parquet')}-${row}`,
    stated: duration,
    split,
    columns,
    file,
  };
}
