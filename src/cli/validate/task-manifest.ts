/** @file Whether a manifest is fit for a task: every problem found, before any work. */
import { findTask } from '../../../tasks/index.js';
import { type Split, splits, type Task, type TaskData } from '../../../tasks/task.js';
import { longestUtteranceSeconds, readUtterance } from '../../data/audio.js';
import { hashManifest, loadUtterances, type Utterance } from '../../data/manifest.js';
import { UserError } from '../../errors.js';

/** At most so many problems of one kind are listed. */
const mostShown = 20;

export interface ManifestReport {
  readonly task: string;
  readonly manifest: string;
  readonly hash: string;
  readonly utterances: Readonly<Record<Split, number>>;
  /** By column of the task: how many different values in train. */
  readonly values: Readonly<Record<string, number>>;
  /** What keeps the task from running, each with file and line. */
  readonly problems: readonly string[];
  /** What may be meant: speakers or audio that several splits share. */
  readonly remarks: readonly string[];
}

export interface ManifestRequest {
  readonly task: string;
  readonly manifest: string;
  readonly root?: string | undefined;
  /** Whether every audio file is decoded. */
  readonly deep: boolean;
  readonly tasks?: readonly Task[];
}

/**
 * Checks a manifest for a task.
 * @throws UserError for what keeps it from being read at all: columns, duplicate ids, audio that is not there
 */
export async function checkTaskManifest(request: ManifestRequest): Promise<ManifestReport> {
  const { manifest, root, deep } = request;
  const task = findTask(request.task, request.tasks);
  const all = await loadUtterances(manifest, { root, splits });
  const [first] = all;
  const absent = task.columns.filter((column) => first?.columns[column] === undefined);
  if (absent.length > 0) {
    throw new UserError(`has no column ${absent.map((column) => `'${column}'`).join(', ')}`, {
      file: manifest,
      mend: `The task ${task.name} reads ${task.columns.join(', ')}`,
    });
  }
  const of = (split: Split): Utterance[] => all.filter((utterance) => utterance.split === split);
  const data: TaskData = { train: of('train'), dev: of('dev'), test: of('test') };
  const train = (column: string): number => new Set(data.train.map(({ columns }) => columns[column])).size;
  return {
    task: task.name,
    manifest,
    hash: await hashManifest(manifest, root),
    utterances: { train: data.train.length, dev: data.dev.length, test: data.test.length },
    values: Object.fromEntries(task.columns.map((column) => [column, train(column)])),
    problems: [...taskProblems(task, data), ...(deep ? await audioProblems(all) : [])],
    remarks: [...sharedBy(data, 'audio files', ({ path }) => path), ...sharedSpeakers(task, data)],
  };
}

/** The task's own complaints: each bad row is taken out and the task asked again. */
function taskProblems(task: Task, data: TaskData): string[] {
  const problems: string[] = [];
  let rest = data;
  while (problems.length < mostShown) {
    try {
      task.head(rest);
      return problems;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      problems.push(error.message);
      const line = Number(/^[^\n]*?:(\d+): /.exec(error.message)?.[1]);
      const without = (split: Split): Utterance[] =>
        rest[split].filter((utterance) => utterance.line !== line);
      const next = { train: without('train'), dev: without('dev'), test: without('test') };
      // A complaint about the whole, or one that stays: there is nothing more to learn.
      if (splits.every((split) => next[split].length === rest[split].length)) return problems;
      rest = next;
    }
  }
  return [...problems, `only the first ${mostShown} problems are shown`];
}

/** What `run` would skip, or fail over. */
async function audioProblems(utterances: readonly Utterance[]): Promise<string[]> {
  const problems: string[] = [];
  for (const utterance of utterances) {
    if (problems.length === mostShown) return [...problems, `only the first ${mostShown} are shown`];
    await readUtterance(utterance, longestUtteranceSeconds).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    });
  }
  return problems;
}

/** Where speakers are what is told apart, every split must share them. */
function sharedSpeakers(task: Task, data: TaskData): string[] {
  if (task.columns.includes('speaker')) return [];
  return sharedBy(data, 'speakers', ({ columns }) => columns.speaker || undefined);
}

function sharedBy(
  data: TaskData,
  what: string,
  keyOf: (utterance: Utterance) => string | undefined,
): string[] {
  const keys = splits.map((split) => new Set(data[split].flatMap((utterance) => keyOf(utterance) ?? [])));
  return splits.flatMap((split, i) =>
    splits.slice(i + 1).flatMap((other, j) => {
      const shared = [...(keys[i] as Set<string>)].filter((key) => keys[i + 1 + j]?.has(key));
      return shared.length === 0
        ? []
        : [`${split} and ${other} share ${shared.length} ${what}: ${shared[0]}, for example`];
    }),
  );
}

/** The report as lines of text. */
export function reportText(report: ManifestReport): string {
  const { task, manifest, hash, utterances, values, problems, remarks } = report;
  const counts = splits.map((split) => `${split} ${utterances[split]}`).join(', ');
  const kinds = Object.entries(values).map(([column, count]) => `${column} ${count}`);
  return [
    `${manifest} for ${task}: ${counts} utterances`,
    `different values in train: ${kinds.join(', ')}`,
    `hash ${hash}`,
    ...remarks.map((remark) => `remark: ${remark}`),
    ...problems.map((problem) => `problem: ${problem}`),
    problems.length === 0 ? 'no problem found' : `${problems.length} problems found`,
  ].join('\n');
}
