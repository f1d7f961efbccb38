/** @file A recording of Lhotse's, and the supervisions that lie in it. */
import { UserError } from '../../../base/errors.js';
import { columnsOf } from './corpus-of.js';
import { duration, type JsonObject, seconds, textOf } from './json-lines.js';
import type { ToolkitInput, ToolkitRow } from './toolkit.js';

export interface Recording {
  readonly id: string;
  /** As it is written. */
  readonly audio: string;
  readonly seconds: number | undefined;
  /** Lhotse's numbers of its channels, in the file's order. */
  readonly channels: readonly number[];
  readonly file: string;
  readonly line: number;
}

const saveIt = "Save the audio to files first: cuts.save_audios(DIR), then cuts.to_file('cuts.jsonl.gz')";

/** @throws UserError for audio that is in no file, in several, or changed when it is read */
export function recordingOf(
  value: JsonObject,
  { path: file }: Pick<ToolkitInput, 'path'>,
  line: number,
): Recording {
  const id = textOf(value, 'id', file, line);
  const refuse = (what: string, hint = saveIt): UserError =>
    new UserError(`the recording '${id}' ${what}`, { file, line, hint });
  const sources = Array.isArray(value.sources) ? (value.sources as unknown[]) : [];
  const [source, ...others] = sources.map((each) => each as JsonObject | null);
  if (source === undefined || source === null) throw refuse('has no source', 'Remove it');
  if (others.length > 0) throw refuse(`is split over ${sources.length} files`);
  if (source.type !== 'file')
    throw refuse(`has the source type '${String(source.type)}' (${shown(source.source)}), expected a file`);
  const changes = Array.isArray(value.transforms) ? (value.transforms as unknown[]) : [];
  const change = changes.find((each) => nameOf(each) !== 'Resample');
  if (change !== undefined) throw refuse(`has a transform (${nameOf(change)}), which is not supported`);
  if (typeof source.source !== 'string' || source.source === '') throw refuse('has no file', 'Remove it');
  return {
    id,
    audio: source.source,
    seconds: seconds(value, 'duration', file, line),
    channels: numbersOf(source.channels),
    file,
    line,
  };
}

const shown = (source: unknown): string =>
  typeof source === 'string' ? source.slice(0, 80) : 'not a string';

function nameOf(transform: unknown): string {
  const { name } = (transform ?? {}) as { readonly name?: unknown };
  return typeof name === 'string' ? name : 'without a name';
}

function numbersOf(value: unknown): number[] {
  const all = Array.isArray(value) ? (value as unknown[]) : [value];
  return all.filter((each): each is number => typeof each === 'number');
}

/** Part of a recording. */
export interface Part {
  readonly id: string;
  readonly start: number;
  readonly duration: number | undefined;
  readonly channel: unknown;
  readonly file: string;
  readonly line: number;
}

/** A row for a part of a recording; one that is all of it has no start. */
export function partRow(
  recording: Recording,
  { id, start, duration: length, channel, file, line }: Part,
  columns: Readonly<Record<string, string>>,
): ToolkitRow {
  const { audio, seconds: whole } = recording;
  const isWhole =
    start === 0 && (length === undefined || (whole !== undefined && Math.abs(length - whole) < 1e-3));
  return {
    id,
    audio,
    ...(!isWhole && { start: rounded(start), duration: length === undefined ? undefined : rounded(length) }),
    stated: whole,
    channel: channelOf(recording, channel, id, file, line),
    columns,
    file,
    line,
  };
}

const rounded = (value: number): number => Number(value.toFixed(6));

/** Our number of a channel, from 1; undefined for all that the file has. */
function channelOf(
  { channels }: Recording,
  channel: unknown,
  id: string,
  file: string,
  line: number,
): number | undefined {
  const wanted = numbersOf(channel);
  if (channels.length <= 1 || wanted.length === 0 || channels.every((each) => wanted.includes(each)))
    return undefined;
  const place = channels.indexOf(wanted[0] as number);
  if (wanted.length === 1 && place >= 0) return place + 1;
  throw new UserError(
    `'${id}' uses the channels ${wanted.join(', ')} of ${channels.join(', ')}, which is not supported`,
    {
      file,
      line,
      hint: 'Use one channel, or all',
    },
  );
}

const known = new Set(['id', 'recording_id', 'start', 'duration', 'channel', 'custom', 'alignment']);

/** What a supervision says besides its place. */
export function supervisionColumns(value: JsonObject): Record<string, string> {
  const { custom } = value;
  const own = Object.entries(value).filter(([name]) => !known.has(name));
  const more = typeof custom === 'object' && custom !== null ? Object.entries(custom) : [];
  return { ...columnsOf(more), ...columnsOf(own) };
}

export function supervisionRow(
  value: JsonObject,
  recording: Recording,
  file: string,
  line: number,
): ToolkitRow {
  const part = {
    id: textOf(value, 'id', file, line),
    start: seconds(value, 'start', file, line) ?? 0,
    duration: duration(value, 'duration', file, line),
    channel: value.channel,
    file,
    line,
  };
  return partRow(recording, part, supervisionColumns(value));
}
