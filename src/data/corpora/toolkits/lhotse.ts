/** @file Lhotse's manifests: recordings and supervisions, or cuts, a JSON object a line, plain or gzipped. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, UserError } from '../../../base/errors.js';
import { corpusOf } from './corpus-of.js';
import { jsonLines, textOf } from './json-lines.js';
import { cutRows } from './lhotse-cuts.js';
import { type Recording, recordingOf, supervisionRow } from './lhotse-recordings.js';
import type { ReadInput, Toolkit, ToolkitInput, ToolkitRow } from './toolkit.js';

type Kind = 'recordings' | 'supervisions' | 'cuts' | 'features';

export const lhotse: Toolkit = {
  name: 'lhotse',
  summary: "Lhotse's manifests: recordings and supervisions, or cuts (jsonl, jsonl.gz), or their folder",
  inputs: 'FILE|DIR...',
  hasAudioInside: false,
  async read(options) {
    const remarks: string[] = [];
    const files = (await Promise.all(options.inputs.map(filesOf))).flat();
    const kinds = await Promise.all(files.map(async (input) => ({ input, kind: await kindOf(input.path) })));
    const of = (kind: Kind): ToolkitInput[] =>
      kinds.flatMap((each) => (each.kind === kind ? [each.input] : []));
    const recordings = await readRecordings(of('recordings'));
    const inputs: ReadInput[] = [];
    for (const input of of('cuts')) inputs.push({ input, rows: await readCuts(input.path, recordings) });
    for (const input of of('supervisions'))
      inputs.push({ input, rows: await readSupervisions(input.path, recordings, remarks) });
    if (inputs.length === 0) inputs.push(...wholeRecordings(of('recordings'), recordings));
    if (inputs.every(({ rows }) => rows.length === 0)) throw nothingToTake(options.inputs);
    return corpusOf('lhotse', inputs, options, remarks);
  },
};

function nothingToTake([first]: readonly ToolkitInput[]): UserError {
  return new UserError('contains no recordings, supervisions or cuts', {
    file: first?.path ?? '',
    hint: 'Pass Lhotse manifests: NAME_recordings_SPLIT.jsonl.gz and NAME_supervisions_SPLIT.jsonl.gz, or their folder',
  });
}

/** A file, or those of a folder; cuts there are of the same recordings, and are taken where they are named. */
async function filesOf(input: ToolkitInput): Promise<ToolkitInput[]> {
  const status = await stat(input.path).catch((error: unknown) => {
    throw new UserError(`cannot be read (${messageOf(error)})`, {
      file: input.path,
      hint: 'Pass Lhotse manifests, or their folder',
    });
  });
  if (!status.isDirectory()) return [input];
  const names = (await readdir(input.path)).filter((name) => /^[^.].*\.jsonl(\.gz)?$/.test(name)).sort();
  const has = (word: string): string[] => names.filter((name) => name.includes(word));
  const pairs = [...has('recordings'), ...has('supervisions')];
  return (pairs.length > 0 ? pairs : has('cuts')).map((name) => ({ ...input, path: join(input.path, name) }));
}

/** What a manifest lists, by its first object. */
async function kindOf(file: string): Promise<Kind> {
  for await (const { value, line } of jsonLines(file)) {
    if ('sources' in value) return 'recordings';
    if ('recording_id' in value && !('type' in value && 'storage_path' in value)) return 'supervisions';
    if ('storage_path' in value) return 'features';
    if ('recording' in value || 'tracks' in value || 'supervisions' in value) return 'cuts';
    throw new UserError('expected a recording, supervision or cut', {
      file,
      line,
      hint: "Pass a manifest written by Lhotse: to_file('NAME.jsonl.gz')",
    });
  }
  // Nothing stands in it: its name says what would.
  return basename(file).includes('supervision') ? 'supervisions' : 'recordings';
}

type Recordings = ReadonlyMap<string, Recording>;

async function readRecordings(inputs: readonly ToolkitInput[]): Promise<Recordings> {
  const recordings = new Map<string, Recording>();
  for (const input of inputs) {
    for await (const { value, line } of jsonLines(input.path)) {
      const recording = recordingOf(value, input, line);
      const before = recordings.get(recording.id);
      if (before !== undefined) {
        throw new UserError(
          `duplicate recording '${recording.id}' (first used in ${before.file}:${before.line})`,
          {
            file: input.path,
            line,
            hint: 'Remove it, or use one call for each set of recordings',
          },
        );
      }
      recordings.set(recording.id, recording);
    }
  }
  return recordings;
}

async function readSupervisions(
  file: string,
  recordings: Recordings,
  remarks: string[],
): Promise<ToolkitRow[]> {
  const rows: ToolkitRow[] = [];
  const lines = new Map<string, number>();
  let lost: string | undefined;
  let lostCount = 0;
  for await (const { value, line } of jsonLines(file)) {
    refuseTwice(textOf(value, 'id', file, line), lines, file, line);
    const recording = recordings.get(textOf(value, 'recording_id', file, line));
    if (recording !== undefined) {
      rows.push(supervisionRow(value, recording, file, line));
      continue;
    }
    lost ??= `'${value.recording_id}' (line ${line})`;
    lostCount++;
  }
  if (rows.length === 0 && lost !== undefined) {
    throw new UserError(`none of its recordings was found, for example ${lost}`, {
      file,
      hint: 'Pass the recordings of these supervisions too: NAME_recordings_SPLIT.jsonl.gz',
    });
  }
  if (lost !== undefined)
    remarks.push(`${file}: ${lostCount} supervisions have no recording, for example ${lost}`);
  return rows;
}

async function readCuts(file: string, recordings: Recordings): Promise<ToolkitRow[]> {
  const rows: ToolkitRow[] = [];
  const lines = new Map<string, number>();
  for await (const { value, line } of jsonLines(file)) {
    refuseTwice(textOf(value, 'id', file, line), lines, file, line);
    rows.push(...cutRows(value, recordings, file, line));
  }
  return rows;
}

function refuseTwice(id: string, lines: Map<string, number>, file: string, line: number): void {
  const before = lines.get(id);
  if (before !== undefined)
    throw new UserError(`duplicate id '${id}' (first used on line ${before})`, {
      file,
      line,
      hint: 'Keep only one',
    });
  lines.set(id, line);
}

/** Recordings without supervisions are utterances of their own. */
function wholeRecordings(inputs: readonly ToolkitInput[], recordings: Recordings): ReadInput[] {
  return inputs.map((input) => ({
    input,
    rows: [...recordings.values()]
      .filter(({ file }) => file === input.path)
      .map(({ id, audio, seconds, file, line }) => ({ id, audio, stated: seconds, columns: {}, file, line })),
  }));
}
