/** @file RTTM: turns of speakers by recording, as NIST's evaluations write them. */
import { UserError } from '../base/errors.js';
import { readText } from '../base/text.js';
import { type Turn, turnsBySpeaker } from '../metrics/index.js';

export interface RttmTurns {
  /** By the file field: each recording's turns in order of their starts, those of one speaker that overlapped as one. */
  readonly recordings: ReadonlyMap<string, readonly Turn[]>;
  /** Where turns of one speaker overlapped, one line each. */
  readonly remarks: readonly string[];
}

/**
 * Reads the SPEAKER lines of a file; comments (`;;`) and other kinds of lines are passed over.
 * @throws UserError naming the line that is none
 */
export async function readRttm(file: string): Promise<RttmTurns> {
  const recordings = new Map<string, Turn[]>();
  const remarks: string[] = [];
  for (const [i, text] of (await readText(file)).split(/\r?\n/).entries()) {
    const fields = text.trim().split(/\s+/);
    if (fields[0] !== 'SPEAKER') continue;
    const line = i + 1;
    const [, recording = '', , start, duration, , , speaker = ''] = fields;
    const turn = {
      speaker,
      start: Number(start),
      end: Number((Number(start) + Number(duration)).toFixed(6)),
    };
    if (speaker === '' || !(turn.start >= 0) || !(turn.end > turn.start) || !Number.isFinite(turn.end))
      throw new UserError('is not a turn', {
        ...{ file, line },
        hint: 'Expected lines such as: SPEAKER recording 1 start duration <NA> <NA> speaker <NA> <NA>, in seconds',
      });
    const own = recordings.get(recording) ?? [];
    const before = own.find(
      (other) => other.speaker === speaker && other.start < turn.end && turn.start < other.end,
    );
    if (before !== undefined)
      remarks.push(
        `${file}:${line}: overlapping turns of '${speaker}' in '${recording}' (${before.start} to ${before.end} s) were merged`,
      );
    recordings.set(recording, [...own, turn]);
  }
  return {
    recordings: new Map([...recordings].map(([name, turns]) => [name, merged(turns)])),
    remarks,
  };
}

function merged(turns: readonly Turn[]): Turn[] {
  const spans = [...turnsBySpeaker(turns)];
  return spans
    .flatMap(([speaker, own]) => own.map(({ start, end }) => ({ speaker, start, end })))
    .sort((a, b) => a.start - b.start || (a.speaker < b.speaker ? -1 : 1));
}
