/** @file Lhotse's cuts: spans of recordings with what is said in them. */
import { UserError } from '../../../base/errors.js';
import { duration, type JsonObject, seconds, textOf } from './json-lines.js';
import { partRow, type Recording, recordingOf, supervisionColumns } from './lhotse-recordings.js';
import type { ToolkitRow } from './toolkit.js';

/**
 * The rows of a cut: with one supervision or none it is an utterance, with several each of those is.
 * @throws UserError for cuts that are mixed, padded, or of features alone
 */
export function cutRows(
  value: JsonObject,
  recordings: ReadonlyMap<string, Recording>,
  file: string,
  line: number,
): ToolkitRow[] {
  const id = textOf(value, 'id', file, line);
  const type = typeof value.type === 'string' ? value.type : 'MonoCut';
  const refuse = (what: string): UserError =>
    new UserError(`the cut '${id}' ${what}`, {
      file,
      line,
      hint: "Save it as audio of its own first: cuts.save_audios(DIR), then cuts.to_file('cuts.jsonl.gz')",
    });
  if (type !== 'MonoCut' && type !== 'MultiCut') throw refuse(`is a ${type}, not a part of one recording`);
  const recording = recordingOfCut(value, recordings, file, line);
  if (recording === undefined) throw refuse('has no recording');
  const start = seconds(value, 'start', file, line) ?? 0;
  const span = { file, line, channel: value.channel };
  const supervisions = (Array.isArray(value.supervisions) ? (value.supervisions as unknown[]) : []).map(
    (each) => (typeof each === 'object' && each !== null ? each : {}) as JsonObject,
  );
  const [only, ...others] = supervisions;
  if (others.length === 0) {
    const part = { ...span, id, start, duration: duration(value, 'duration', file, line) };
    return [partRow(recording, part, only === undefined ? {} : supervisionColumns(only))];
  }
  // Their times are counted from the cut's start, and may lie before it.
  return supervisions.map((each) => {
    const from = typeof each.start === 'number' ? each.start : 0;
    const part = {
      ...span,
      id: textOf(each, 'id', file, line),
      start: Math.max(0, start + from),
      duration: duration(each, 'duration', file, line),
      channel: each.channel ?? value.channel,
    };
    return partRow(recording, part, supervisionColumns(each));
  });
}

function recordingOfCut(
  value: JsonObject,
  recordings: ReadonlyMap<string, Recording>,
  file: string,
  line: number,
): Recording | undefined {
  const { recording } = value;
  if (typeof recording !== 'object' || recording === null) return undefined;
  const own = recording as JsonObject;
  return recordings.get(String(own.id)) ?? recordingOf(own, { path: file }, line);
}
