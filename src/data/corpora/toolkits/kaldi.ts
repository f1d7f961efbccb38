/** @file Kaldi's data folders: `wav.scp`, and `segments`, `text`, `utt2spk`, `spk2gender`, `utt2lang` where they are there. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../../../base/errors.js';
import { textLines } from '../../../base/text.js';
import { corpusOf } from './corpus-of.js';
import { splitNamed } from './split-names.js';
import type { ReadInput, Toolkit, ToolkitInput, ToolkitRow } from './toolkit.js';

interface Entry {
  readonly value: string;
  readonly line: number;
}
type Table = ReadonlyMap<string, Entry>;

export const kaldi: Toolkit = {
  name: 'kaldi',
  summary: "Kaldi's data folders: wav.scp with files, segments, text, utt2spk",
  inputs: 'DIR...',
  hasAudioInside: false,
  async read(options) {
    const remarks: string[] = [];
    const inputs: ReadInput[] = [];
    for (const input of (await Promise.all(options.inputs.map(dataFolders))).flat())
      inputs.push({ input, rows: await readFolder(input.path, remarks) });
    return corpusOf('kaldi', inputs, options, remarks);
  },
};

/** A data folder, or those below the folder given that are for train, dev and test. */
async function dataFolders(input: ToolkitInput): Promise<ToolkitInput[]> {
  const { path } = input;
  if (existsSync(join(path, 'wav.scp'))) return [input];
  const status = await stat(path).catch((error: unknown) => {
    throw new UserError(`cannot be read (${messageOf(error)})`, {
      file: path,
      hint: 'Pass a Kaldi data folder',
    });
  });
  if (!status.isDirectory())
    throw new UserError('is not a folder', {
      file: path,
      hint: 'Pass the data folder that contains wav.scp',
    });
  const names = (await readdir(path)).sort();
  const folders = names.filter((name) => existsSync(join(path, name, 'wav.scp')));
  if (folders.length === 0)
    throw new UserError('contains no wav.scp, and no folder with one', {
      file: path,
      hint: 'Pass a Kaldi data folder',
    });
  const kept = ['train', 'dev', 'test'].flatMap((split) => foldersFor(split, folders, path));
  if (kept.length > 0) return kept.map(({ name, split }) => ({ path: join(path, name), split }));
  throw new UserError(`none of its folders has the name of a split: ${folders.join(', ')}`, {
    file: path,
    hint: `Name the splits: train=${join(path, folders[0] ?? '')} dev=DIR test=DIR`,
  });
}

/** The folder of a split; recipes leave many (`train_sp`, `train_960`) with the same utterances. */
function foldersFor(
  split: string,
  folders: readonly string[],
  path: string,
): { readonly name: string; readonly split: string }[] {
  if (folders.includes(split)) return [{ name: split, split }];
  const named = folders.filter((name) => splitNamed(name) === split);
  if (named.length <= 1) return named.map((name) => ({ name, split }));
  throw new UserError(`has several folders for split ${split}: ${named.join(', ')}`, {
    file: path,
    hint: `Choose one: ${split}=${join(path, named[0] ?? '')}`,
  });
}

async function readFolder(folder: string, remarks: string[]): Promise<ToolkitRow[]> {
  const file = (name: string): string => join(folder, name);
  const recordings = await readTable(file('wav.scp'));
  for (const [id, entry] of recordings) refuseOthers(id, entry, file('wav.scp'));
  const optional = async (name: string): Promise<Table | undefined> =>
    existsSync(file(name)) ? readTable(file(name)) : undefined;
  const segments = await optional('segments');
  const text = await optional('text');
  const speakers = await optional('utt2spk');
  const genders = await optional('spk2gender');
  const languages = await optional('utt2lang');
  const channels = await channelsOf(recordings, await optional('reco2file_and_channel'));
  const rows: ToolkitRow[] = [];
  const without: { readonly name: string; readonly id: string }[] = [];
  for (const [id, { value, line }] of segments ?? recordings) {
    const { recording, ...span } =
      segments === undefined ? { recording: id } : segmentOf(id, value, file('segments'), line);
    const audio = recordings.get(recording);
    if (audio === undefined) {
      without.push({ name: `recording '${recording}' in wav.scp`, id });
      continue;
    }
    const lacks = [['text', text] as const, ['utt2spk', speakers] as const].find(
      ([, table]) => table !== undefined && !table.has(id),
    );
    if (lacks !== undefined) {
      without.push({ name: `line in ${lacks[0]}`, id });
      continue;
    }
    const speaker = speakers?.get(id)?.value;
    const gender = speaker === undefined ? undefined : genders?.get(speaker)?.value;
    const language = languages?.get(id)?.value;
    const said = text?.get(id)?.value;
    rows.push({
      id,
      audio: audio.value,
      channel: channels.get(recording),
      ...span,
      columns: {
        ...(speaker !== undefined && { speaker }),
        ...(said !== undefined && { text: said }),
        ...(gender !== undefined && { gender }),
        ...(language !== undefined && { language }),
      },
      file: file(segments === undefined ? 'wav.scp' : 'segments'),
      line,
    });
  }
  remarks.push(...lackRemarks(folder, without));
  if (rows.length === 0)
    throw new UserError(`contains no complete utterance. ${remarks.at(-1) ?? 'wav.scp is empty'}`, {
      file: folder,
      hint: "Kaldi's utils/validate_data_dir.sh reports what is wrong",
    });
  return rows;
}

function lackRemarks(
  folder: string,
  without: readonly { readonly name: string; readonly id: string }[],
): string[] {
  const [first] = without;
  if (first === undefined) return [];
  const count = without.length === 1 ? '1 utterance' : `${without.length} utterances`;
  return [`${folder}: ${count} skipped, for example '${first.id}': no ${first.name}`];
}

/** Lines `KEY VALUE`, blanks or tabs between. */
async function readTable(file: string): Promise<Table> {
  const table = new Map<string, Entry>();
  let line = 0;
  for await (const text of textLines(file, {
    hint: 'Convert it to UTF-8, for example: iconv -f GBK -t UTF-8',
  })) {
    line++;
    const [, key, value = ''] = /^\s*(\S+)(?:\s+(.*))?$/s.exec(text) ?? [];
    if (key === undefined) continue;
    const before = table.get(key);
    if (before !== undefined) {
      throw new UserError(`duplicate key '${key}' (first used on line ${before.line})`, {
        file,
        line,
        hint: "Keep one line per key (Kaldi's utils/fix_data_dir.sh does that)",
      });
    }
    table.set(key, { value: value.trim(), line });
  }
  return table;
}

/** What a line of wav.scp names besides files. */
function refuseOthers(id: string, { value, line }: Entry, file: string): void {
  if (value === '') throw new UserError(`'${id}' has no file`, { file, line });
  if (value.endsWith('|')) throw pipeRefused(id, value, file, line);
  if (/\.ark:\d+/.test(value)) {
    throw new UserError(`'${value}' is in a Kaldi archive, which is not supported`, {
      file,
      line,
      hint: 'Extract the files, for example with wav-copy or kaldiio, and use their paths',
    });
  }
  if (value === '-' || /^[a-z0-9]{2,}:\/\//i.test(value))
    throw new UserError(`'${value}' is not a file`, {
      file,
      line,
      hint: 'Write it to a file, and use the path of that file',
    });
}

/** Programs that only unpack what is read here as it is. */
const unpackers = /^(?:\S*\/)?(?:flac|sph2pipe|cat|ffmpeg|sox|mpg123)\s/;

function pipeRefused(id: string, value: string, file: string, line: number): UserError {
  const [named] = value.match(/[^\s'"|<]+\.(?:flac|sph|wav|mp3|ogg|opus|wv1)\b/i) ?? [];
  const direct =
    named !== undefined && unpackers.test(value) && /^[^|]*\|$/.test(value)
      ? `; if the command does nothing else, use the file itself: ${id} ${named}`
      : '';
  return new UserError(`'${id}' is a command, which ehmam does not run: ${value}`, {
    file,
    line,
    hint: `Write its output to a file, and use that file: ${value.slice(0, -1).trim()} > wav/${id}.wav${direct}`,
  });
}

/** `RECORDING START END`, seconds; an end below zero is that of the recording. */
function segmentOf(
  id: string,
  value: string,
  file: string,
  line: number,
): { readonly recording: string; readonly start?: number; readonly duration?: number } {
  const [recording = '', from = '', to = ''] = value.split(/\s+/);
  const [start, end] = [Number(from), Number(to)];
  const isSpan =
    from !== '' && to !== '' && start >= 0 && (end > start || end < 0) && end !== Number.POSITIVE_INFINITY;
  if (!isSpan) {
    throw new UserError(`invalid segment '${id}': '${value}'`, {
      file,
      line,
      hint: 'Expected UTTERANCE RECORDING START END, in seconds, with the end after the start',
    });
  }
  return { recording, start, ...(end > 0 && { duration: Number((end - start).toFixed(6)) }) };
}

/** Channels of recordings that share a file: A is the first, B the second. */
async function channelsOf(recordings: Table, table: Table | undefined): Promise<ReadonlyMap<string, number>> {
  const uses = new Map<string, number>();
  for (const { value } of recordings.values()) uses.set(value, (uses.get(value) ?? 0) + 1);
  const channels = new Map<string, number>();
  for (const [recording, { value }] of table ?? []) {
    const audio = recordings.get(recording)?.value;
    const name = value.split(/\s+/).at(-1) ?? '';
    const channel = /^[AB]$/.test(name)
      ? 1 + 'AB'.indexOf(name)
      : /^[1-9]$/.test(name)
        ? Number(name)
        : undefined;
    if (channel !== undefined && audio !== undefined && (uses.get(audio) ?? 0) > 1)
      channels.set(recording, channel);
  }
  return channels;
}
