/** @file The rows of one Parquet file: each one's audio read in place or written out, and measured while it is held. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { crc32Of, memberPath } from '../../../audio/member.js';
import type { ByteSource } from '../../../base/byte-source.js';
import { createProgress } from '../../../base/progress.js';
import { type ParquetLayout, readLayout } from '../../../formats/parquet/layout.js';
import { columnRows, type ParquetRows } from '../../../formats/parquet/read.js';
import { roomFor, unpackBytes } from '../../archives/unpack.js';
import type { DurationAnswer, DurationMeter } from '../durations.js';
import { extensionOf } from './audio-extension.js';
import { type AudioColumns, audioOf, type RowValues, readColumns } from './parquet-columns.js';
import type { ToolkitOptions, ToolkitRow } from './toolkit.js';

/** What rows of a file share. */
interface FileWork {
  readonly source: ByteSource;
  readonly audio: AudioColumns;
  readonly said: (row: number) => RowValues;
  /** Where audio is written out to; undefined where it is read in place. */
  readonly folder: string | undefined;
  /** Undefined where audio is not to be read. */
  readonly meter: DurationMeter | undefined;
}

/** @param remarks gets a line about rows without audio */
export async function parquetRows(
  source: ByteSource,
  options: ToolkitOptions,
  { folder, meter }: Pick<FileWork, 'folder' | 'meter'>,
  remarks: string[],
): Promise<ToolkitRow[]> {
  const { file } = source;
  const layout = await readLayout(source);
  const audio = audioOf(layout, file, options.columns);
  // What is there already needs no room again.
  if (folder !== undefined && !existsSync(folder)) await roomFor(audioBytes(layout, audio), folder);
  const said = await readColumns(source, layout, audio);
  const work: FileWork = { source, audio, said, folder, meter };
  const { quiet = false } = options;
  const progress = createProgress(`reading ${basename(file)}, rows`, layout.rows, { quiet });
  const rows: ToolkitRow[] = [];
  let silent: number | undefined;
  try {
    for await (const page of columnRows(source, layout, audio.bytes)) {
      const { found, firstSilent } = await pageRows(page, work);
      for (const row of found) rows.push(row);
      silent ??= firstSilent;
      progress.update(page.firstRow + page.values.length);
    }
  } finally {
    progress.stop();
  }
  if (silent !== undefined)
    remarks.push(
      `${file}: ${layout.rows - rows.length} rows have no audio, the first is row ${silent} (counted from 0)`,
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

async function pageRows(
  { firstRow, values }: ParquetRows,
  work: FileWork,
): Promise<{ readonly found: readonly ToolkitRow[]; readonly firstSilent: number | undefined }> {
  const known =
    work.meter &&
    (await measured(values, work.meter, `${work.source.file}#${work.audio.bytes.name}`, firstRow));
  const found: ToolkitRow[] = [];
  let firstSilent: number | undefined;
  for (const [i, blob] of values.entries()) {
    const row = firstRow + i;
    const said = work.said(row);
    const held = blob instanceof Uint8Array && blob.length > 0 ? blob : undefined;
    if (held !== undefined) {
      const audio = await placeOf(held, row, said, work);
      found.push(rowOf(said, work.source.file, row, { audio, isLocated: true, known: known?.get(i) }));
    } else if (said.path) found.push(rowOf(said, work.source.file, row, { audio: said.path }));
    else firstSilent ??= row;
  }
  return { found, firstSilent };
}

/** Blobs a request. */
const batch = 16;

/** How long the audio of a page is, by its place there. */
async function measured(
  values: ParquetRows['values'],
  meter: DurationMeter,
  name: string,
  firstRow: number,
): Promise<ReadonlyMap<number, DurationAnswer>> {
  const places = [...values.keys()].filter((i) => (values[i] as Uint8Array | null)?.length);
  const starts = Array.from({ length: Math.ceil(places.length / batch) }, (_, i) => i * batch);
  const known = new Map<number, DurationAnswer>();
  await Promise.all(
    starts.map(async (start) => {
      const part = places.slice(start, start + batch);
      // Copies, which are given away: the page is needed here.
      const copies = part.map((i) => ({
        name: `${name}@${firstRow + i}`,
        bytes: Uint8Array.from(values[i] as Uint8Array),
      }));
      for (const [k, answer] of (await meter.measure(copies)).entries()) known.set(part[k] as number, answer);
    }),
  );
  return known;
}

/** Where a row's audio is read: in the file, or written out. */
async function placeOf(
  blob: Uint8Array,
  row: number,
  said: RowValues,
  { source, audio, folder }: FileWork,
): Promise<string> {
  if (folder !== undefined) {
    const file = join(resolve(folder), `${String(row).padStart(6, '0')}.${extensionOf(blob, said.path)}`);
    await unpackBytes(blob, file);
    return file;
  }
  const container = resolve(source.file);
  const { name } = audio.bytes;
  return memberPath({ container, name, place: row, bytes: blob.length, crc32: crc32Of(blob) });
}

function rowOf(
  { id, path, split, duration, columns }: RowValues,
  file: string,
  row: number,
  place: Pick<ToolkitRow, 'audio' | 'isLocated' | 'known'>,
): ToolkitRow {
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
