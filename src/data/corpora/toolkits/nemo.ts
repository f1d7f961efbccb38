/** @file NeMo's manifests: a JSON object an utterance, with `audio_filepath`, `offset`, `duration`, `text`. */
import { UserError } from '../../../base/errors.js';
import { columnsOf, corpusOf } from './corpus-of.js';
import { duration, type JsonObject, jsonLines, optionalText, seconds, textOf } from './json-lines.js';
import type { ReadInput, Toolkit, ToolkitRow } from './toolkit.js';

/** Fields with a place of their own in a row. */
const known = new Set(['audio_filepath', 'offset', 'duration', 'id', 'split', 'channel_selector']);

export const nemo: Toolkit = {
  name: 'nemo',
  summary: "NeMo's manifests: FILE.jsonl with audio_filepath, offset, duration, text",
  inputs: 'FILE.jsonl...',
  hasAudioInside: false,
  async read(options) {
    const inputs: ReadInput[] = [];
    for (const input of options.inputs) {
      const rows: ToolkitRow[] = [];
      for await (const { value, line } of jsonLines(input.path)) rows.push(rowOf(value, input.path, line));
      if (rows.length === 0) throw new UserError('contains no utterances', { file: input.path });
      inputs.push({ input, rows });
    }
    return corpusOf('nemo', inputs, options);
  },
};

function rowOf(value: JsonObject, file: string, line: number): ToolkitRow {
  if ('shard_id' in value) {
    throw new UserError('refers to members of tar shards (shard_id), which is not supported', {
      file,
      line,
      hint: 'Unpack the shards, remove shard_id from the manifest, and pass their folder with --root',
    });
  }
  const audio = textOf(value, 'audio_filepath', file, line);
  if (/^[a-z0-9]{2,}:\/\//i.test(audio))
    throw new UserError(`'${audio}' is not a local file`, {
      file,
      line,
      hint: 'Download it, and use the path of the file',
    });
  const start = seconds(value, 'offset', file, line);
  const span = duration(value, 'duration', file, line);
  // Without an offset, the duration is that of the file, to all who write such manifests.
  const isWhole = start === undefined;
  return {
    id: optionalText(value, 'id', file, line) || undefined,
    audio,
    start: start === 0 ? undefined : start,
    duration: isWhole ? undefined : span,
    stated: isWhole ? span : undefined,
    channel: channelOf(value.channel_selector, file, line),
    split: typeof value.split === 'string' ? value.split : undefined,
    columns: columnsOf(Object.entries(value).filter(([name]) => !known.has(name))),
    file,
    line,
  };
}

/** NeMo counts channels from 0; `average` is what happens without. */
function channelOf(selector: unknown, file: string, line: number): number | undefined {
  if (selector === undefined || selector === null || selector === 'average') return undefined;
  const [only, ...others] = Array.isArray(selector) ? (selector as unknown[]) : [selector];
  if (typeof only === 'number' && Number.isInteger(only) && only >= 0 && others.length === 0) return only + 1;
  throw new UserError("invalid value for 'channel_selector': expected a channel number or 'average'", {
    file,
    line,
  });
}
