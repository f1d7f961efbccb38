/** @file Everything that keeps a task from running on a manifest's rows. */
import { type Split, splits, splitsOf, type Task, type TaskData } from '../../api/task.js';
import { sampleRateHz } from '../../audio/index.js';
import { containerOf } from '../../audio/member.js';
import { UserError } from '../../base/errors.js';
import { longestUtteranceSeconds, readUtterance } from '../../data/audio.js';
import { emptyColumnOf, hintOfSplit, type Utterance } from '../../data/manifest.js';
import { nearPath } from '../../data/near-path.js';
import { absentFiles } from '../../data/presence.js';
import { planFolds } from '../../suite/folds.js';
import { withPairsOf } from '../../suite/pairs.js';

export interface Problem {
  readonly kind:
    | 'empty split'
    | 'duplicate id'
    | 'missing audio'
    | 'unusable row'
    | 'unusable pair'
    | 'unreadable audio'
    | 'too short';
  /** With file and line. */
  readonly message: string;
}

/** Splits without rows; where folds are made of all rows, none is needed. */
export function emptySplits(
  task: Task,
  data: TaskData,
  rows: readonly Utterance[],
  manifest: string,
): Problem[] {
  if (task.folds !== undefined && splits.some((split) => data[split].length > 0)) return [];
  const counts = new Map<string, number>();
  for (const { split } of rows) counts.set(split, (counts.get(split) ?? 0) + 1);
  return splitsOf(task)
    .filter((split) => data[split].length === 0)
    .map((split) => ({
      kind: 'empty split',
      message: `${manifest}: no utterances in split '${split}'. ${hintOfSplit(split, counts)}`,
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
        message: `${manifest}:${line}: duplicate id '${id}' (first used on line ${first})`,
      });
  }
  return problems;
}

const mostHints = 100;

/** Paths of audio files that are not there, and a problem for each. */
export async function missingAudio(rows: readonly Utterance[]): Promise<ReadonlyMap<string, Problem>> {
  const uses = new Map<string, Utterance>();
  for (const row of rows) if (!uses.has(row.path)) uses.set(row.path, row);
  const absent = new Set(await absentFiles([...uses.keys()]));
  const problems = new Map<string, Problem>();
  for (const { path, columns, manifest, line } of uses.values()) {
    if (!absent.has(path)) continue;
    // What is there instead is looked for as often as a person reads it.
    const hint =
      problems.size < mostHints
        ? await nearPath(containerOf(columns.path ?? path), containerOf(path))
        : undefined;
    const { message } = new UserError(`audio file '${columns.path}' not found at ${path}`, {
      file: manifest,
      line,
      ...(hint !== undefined && { hint }),
    });
    problems.set(path, { kind: 'missing audio', message });
  }
  return problems;
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
      return name === undefined || told.has(place) ? [] : [`${place}: column '${name}' is empty`];
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
      if (planFolds(task, rest) === undefined) task.head(rest);
      return messages;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      messages.push(error.message);
      const line = Number(/^[^\n]*?:(\d+): /.exec(error.message)?.[1]);
      const without = (split: Split): Utterance[] =>
        rest[split].filter((utterance) => utterance.line !== line);
      const next = withPairsOf(rest, { train: without('train'), dev: without('dev'), test: without('test') });
      // A complaint about the whole, or one that stays: there is nothing more to learn.
      if (splits.every((split) => next[split].length === rest[split].length)) return messages;
      rest = next;
    }
  }
  return [...messages, `${task.name} refused ${mostAsked} rows ; further rows were not checked`];
}

/** Every utterance whose audio cannot be decoded, or is too short to learn from. */
export async function audioProblems(task: Task, utterances: readonly Utterance[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const utterance of utterances) {
    try {
      const { length } = await readUtterance(utterance, longestUtteranceSeconds);
      problems.push(...tooShort(task, utterance, length / sampleRateHz));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push({ kind: 'unreadable audio', message: error.message });
    }
  }
  return problems;
}

/** Those that are too short by the column duration alone. */
export function shortAudio(task: Task, utterances: readonly Utterance[]): Problem[] {
  return utterances.flatMap((utterance) => {
    const { durationSeconds } = utterance;
    return durationSeconds === undefined ? [] : tooShort(task, utterance, durationSeconds);
  });
}

/** Of most encoders: 400 samples a frame, one every 320. */
const [frameSeconds, hopSeconds] = [0.025, 0.02];

function tooShort(task: Task, utterance: Utterance, seconds: number): Problem[] {
  const needed = task.stepsNeeded?.(utterance) ?? 1;
  const frames = Math.max(0, Math.floor((seconds - frameSeconds) / hopSeconds + 1e-6) + 1);
  if (utterance.split !== 'train' || frames >= needed) return [];
  const what = `audio of '${utterance.id}' is too short for its text: it needs ${needed} frames of 20 ms, but ${seconds.toFixed(2)} s have ${frames}`;
  const { message } = new UserError(what, {
    file: utterance.manifest,
    line: utterance.line,
    hint: 'It cannot be used in training: correct it, or remove the row',
  });
  return [{ kind: 'too short', message }];
}
