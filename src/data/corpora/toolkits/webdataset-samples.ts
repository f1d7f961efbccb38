/** @file The samples of a shard: members whose names are one up to the first dot, their audio and what is said of it. */
import { messageOf, UserError } from '../../../base/errors.js';
import { isAudioName } from '../corpus.js';
import { audioColumn, columnsOf } from './corpus-of.js';
import type { ToolkitOptions, ToolkitRow } from './toolkit.js';

export interface ShardMember {
  readonly name: string;
  readonly bytes: number;
  /** The path that a manifest names it by. */
  readonly audio: string;
  read(): Promise<Uint8Array>;
}

/** What a member is that holds one text. */
const textColumns: Readonly<Record<string, string>> = {
  txt: 'text',
  text: 'text',
  transcript: 'text',
  cls: 'label',
  label: 'label',
  spk: 'speaker',
  speaker: 'speaker',
  lang: 'language',
  language: 'language',
};

/** Longer than anything that is said of an utterance. */
const longestText = 1 << 20;

/** @param remarks gets a line about samples without audio, and one about members that say nothing to us */
export async function readSamples(
  shard: string,
  members: readonly ShardMember[],
  options: ToolkitOptions,
  remarks: string[],
): Promise<ToolkitRow[]> {
  const silent: string[] = [];
  const unknown = new Set<string>();
  const rows: ToolkitRow[] = [];
  for (const [key, parts] of grouped(shard, members)) {
    const audio = audioOf(shard, key, parts, options.columns?.[audioColumn]);
    if (audio === undefined) {
      silent.push(key);
      continue;
    }
    const { columns, others } = await saidOf(shard, parts);
    for (const extension of others) unknown.add(extension);
    rows.push({
      id: key.replaceAll('/', '-'),
      audio: audio.audio,
      isLocated: true,
      columns,
      file: shard,
    });
  }
  if (rows.length === 0) {
    throw new UserError('contains no sample with audio', {
      file: shard,
      hint: `Expected members named KEY.wav, KEY.flac, KEY.mp3 or KEY.ogg; it has ${members.length}, the first is ${members[0]?.name ?? 'none'}`,
    });
  }
  const [first] = silent;
  if (first !== undefined)
    remarks.push(`${shard}: ${silent.length} samples without audio skipped, for example '${first}'`);
  if (unknown.size > 0) remarks.push(`${shard}: ignored: ${[...unknown].sort().join(', ')}`);
  return rows;
}

type Parts = ReadonlyMap<string, ShardMember>;

/** Members by key and extension, as WebDataset takes names apart: the key ends at the first dot of the last part. */
function grouped(shard: string, members: readonly ShardMember[]): ReadonlyMap<string, Parts> {
  const samples = new Map<string, Map<string, ShardMember>>();
  for (const member of members) {
    const [, key, extension] =
      /^((?:.*\/)?[^./][^./]*)\.([^/]+)$/s.exec(member.name.replace(/^(\.\/)+/, '')) ?? [];
    if (key === undefined || extension === undefined) continue;
    const parts = samples.get(key) ?? new Map<string, ShardMember>();
    samples.set(key, parts);
    const name = extension.toLowerCase();
    if (parts.has(name))
      throw new UserError(`duplicate member '${member.name}'`, {
        file: shard,
        hint: 'Create the archive again with unique names',
      });
    parts.set(name, member);
  }
  return samples;
}

function audioOf(
  shard: string,
  key: string,
  parts: Parts,
  wanted: string | undefined,
): ShardMember | undefined {
  if (wanted !== undefined) return parts.get(wanted.toLowerCase());
  const found = [...parts].filter(([extension]) => isAudioName(`x.${extension}`));
  if (found.length <= 1) return found[0]?.[1];
  const names = found.map(([extension]) => extension);
  throw new UserError(`'${key}' has ${names.length} audio files: ${names.join(', ')}`, {
    file: shard,
    hint: `Choose one: --columns audio=${names[0]}`,
  });
}

async function saidOf(
  shard: string,
  parts: Parts,
): Promise<{ readonly columns: Record<string, string>; readonly others: readonly string[] }> {
  const columns: Record<string, string> = {};
  const others: string[] = [];
  for (const [extension, member] of parts) {
    const column = Object.hasOwn(textColumns, extension) ? textColumns[extension] : undefined;
    if (extension === 'json')
      Object.assign(columns, fieldsOf(await textOf(shard, member), shard, member.name));
    else if (column !== undefined) columns[column] = (await textOf(shard, member)).trim();
    else if (!isAudioName(`x.${extension}`)) others.push(extension);
  }
  return { columns, others };
}

async function textOf(shard: string, member: ShardMember): Promise<string> {
  if (member.bytes > longestText)
    throw new UserError(`its member '${member.name}' has ${member.bytes} bytes, too many for text`, {
      file: shard,
    });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await member.read());
  } catch (error) {
    throw new UserError(`its member '${member.name}' is not UTF-8 text`, {
      file: shard,
      hint: 'Create the archive again',
      cause: error,
    });
  }
}

function fieldsOf(text: string, shard: string, name: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`invalid JSON in its member '${name}' (${messageOf(error).slice(0, 80)})`, {
      file: shard,
      hint: 'Create the archive again',
      cause: error,
    });
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? columnsOf(Object.entries(value))
    : {};
}
