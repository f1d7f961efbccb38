/** @file Everything that keeps a task from running on a manifest's rows. */
import { type Split, splits, type Task, type TaskData } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import { longestUtteranceSeconds, readUtterance } from '../../data/audio.js';
import { emptyColumnOf, type Utterance } from '../../data/manifest.js';
import { absentFiles } from '../../data/presence.js';

export interface Problem {
  readonly kind: 'empty split' | 'duplicate id' | 'missing audio' | 'unusable row' | 'unreadable audio';
  /** With file and line. */
  readonly message: string;
}

export function emptySplits(data: TaskData, manifest: string): Problem[] {
  return splits
    .filter((split) => data[split].length === 0)
    .map((split) => ({
      kind: 'empty split',
      message: `${manifest}: no utterances in the split '${split}'`,
    }));
}

/** Every row whose id an earlier one has. */
export function duplicateIds(rows: readonly Utterance[]): Problem[] {
  const lines = new Map<string, number>();
  const problems: Problem[] = [];
  for (const { id, line, manifest } of rows) {
    const first = lines.get(id);
    if (first === undefined) lines.set(id, line);
    else
      problems.push({
        kind: 'duplicate id',
        message: `${manifest}:${line}: the id '${id}' stands on line ${first} already`,
      });
  }
  return problems;
}

/** Paths of audio files that are not there, and a problem for each. */
export async function missingAudio(rows: readonly Utterance[]): Promise<ReadonlyMap<string, Problem>> {
  const uses = new Map<string, Utterance>();
  for (const row of rows) if (!uses.has(row.path)) uses.set(row.path, row);
  const absent = new Set(await absentFiles([...uses.keys()]));
  return new Map(
    [...uses.values()]
      .filter(({ path }) => absent.has(path))
      .map(({ path, columns, manifest, line }) => [
        path,
        {
          kind: 'missing audio',
          message: `${manifest}:${line}: the audio file '${columns.path}' is not at ${path}`,
        },
      ]),
  );
}

/** How often a task that cannot list its complaints is asked for the next one. */
const mostAsked = 200;

/** The task's own complaints, and cells that are empty in a split that needs them where it has none about their rows. */
export function rowProblems(task: Task, data: TaskData): Problem[] {
  const messages = task.complaints?.(data);
  const list =
    messages === undefined ? askedAgain(task, data) : Array.from(messages, ({ message }) => message);
  const told = new Set(list.map((message) => placeOf(message)));
  const empty = splits
    .flatMap((split) => data[split])
    .flatMap((utterance) => {
      const name = emptyColumnOf(utterance, task.columns);
      const place = `${utterance.manifest}:${utterance.line}`;
      return name === undefined || told.has(place) ? [] : [`${place}: '${name}' is empty`];
    });
  return [...list, ...empty].map((message) => ({ kind: 'unusable row', message }));
}

/** File and line that a message begins with. */
function placeOf(message: string): string | undefined {
  return /^([^\n]*?:\d+): /.exec(message)?.[1];
}

/** What the head is refused for, each time without the line that was refused before. */
function askedAgain(task: Task, data: TaskData): string[] {
  const messages: string[] = [];
  let rest = data;
  while (messages.length < mostAsked) {
    try {
      task.head(rest);
      return messages;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      messages.push(error.message);
      const line = Number(/^[^\n]*?:(\d+): /.exec(error.message)?.[1]);
      const without = (split: Split): Utterance[] =>
        rest[split].filter((utterance) => utterance.line !== line);
      const next = { train: without('train'), dev: without('dev'), test: without('test') };
      // A complaint about the whole, or one that stays: there is nothing more to learn.
      if (splits.every((split) => next[split].length === rest[split].length)) return messages;
      rest = next;
    }
  }
  return [...messages, `${task.name} refused ${mostAsked} rows and was not asked about more`];
}

/** Every utterance whose audio cannot be decoded. */
export async function unreadableAudio(utterances: readonly Utterance[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const utterance of utterances) {
    await readUtterance(utterance, longestUtteranceSeconds).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      problems.push({ kind: 'unreadable audio', message: error.message });
    });
  }
  return problems;
}
