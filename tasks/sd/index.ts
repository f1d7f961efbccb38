/** @file Speaker diarisation: who speaks when (SUPERB SD). */
import {
  diarizationErrorRate,
  parseTurns,
  type SpeakerActivitySpec,
  splits,
  type Task,
  type TaskData,
  type Turn,
  UserError,
  type Utterance,
} from '../../src/api/index.js';

/** A head has an output a speaker, and tries every order of them. */
const mostSpeakers = 4;

export const sd: Task<SpeakerActivitySpec> = {
  name: 'sd',
  version: 1,
  summary:
    'speaker diarization: who speaks when (column turns: speaker start end; speaker start end; ... in seconds)',
  title: 'speaker diarization',
  columns: ['turns'],
  metrics: [
    {
      name: 'der',
      direction: 'lower',
      about:
        'Diarization error rate: speech that is missed, inserted or given to the wrong speaker, as a share of all speech time.',
    },
  ],
  headKind: 'speaker-activity',
  complaints: complaintsOf,
  head(data) {
    for (const complaint of complaintsOf(data)) throw complaint;
    const counts = splits.flatMap((split) => data[split]).map((utterance) => speakersIn(turnsOf(utterance)));
    return { kind: 'speaker-activity', column: 'turns', speakers: Math.max(2, ...counts) };
  },
  evaluate: (rows) => ({
    der: diarizationErrorRate(
      rows.map(({ reference, prediction }) => ({
        reference: parseTurns(reference.turns ?? ''),
        system: parseTurns(prediction.turns ?? ''),
      })),
    ),
  }),
};

const turnsOf = ({ columns }: Utterance): Turn[] => parseTurns(columns.turns ?? '');

const speakersIn = (turns: readonly Turn[]): number => new Set(turns.map(({ speaker }) => speaker)).size;

function* complaintsOf(data: TaskData): Generator<UserError> {
  for (const utterance of splits.flatMap((split) => data[split])) {
    const fault = faultOf(utterance);
    if (fault === undefined) continue;
    const { manifest: file, line } = utterance;
    yield new UserError(fault.what, { file, line, hint: fault.hint });
  }
}

interface Fault {
  readonly what: string;
  readonly hint?: string;
}

function faultOf(utterance: Utterance): Fault | undefined {
  let turns: Turn[];
  try {
    turns = turnsOf(utterance);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { what: `invalid value for 'turns': ${error.message}` };
  }
  if (turns.length === 0) return { what: `'${utterance.id}' has no turns`, hint: 'Remove the row' };
  const count = speakersIn(turns);
  if (count > mostSpeakers)
    return {
      what: `'${utterance.id}' has ${count} speakers`,
      hint: `The limit is ${mostSpeakers}: cut the recording with the columns start and duration`,
    };
  const sorted = [...turns].sort((a, b) => a.start - b.start);
  for (const [i, { speaker, end }] of sorted.entries()) {
    const next = sorted.slice(i + 1).find((other) => other.speaker === speaker);
    if (next === undefined || next.start >= end) continue;
    return {
      what: `overlapping turns of '${speaker}': one ends at ${end} s, the next starts at ${next.start} s`,
      hint: 'Merge them into one turn',
    };
  }
  return undefined;
}
