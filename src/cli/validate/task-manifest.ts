/** @file Whether a manifest is fit for a task: every problem found, before any work. */
import { columnNames, type Split, splits, type Task, type TaskData } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import { lookAlikeRemarks } from '../../data/look-alikes.js';
import { hashManifest, readManifest, type Utterance } from '../../data/manifest.js';
import { hashWithPairs, type ReadPairs } from '../../data/pairs.js';
import { knownTasks } from '../../plugins/known-tasks.js';
import { readTaskPairs } from '../../suite/pairs.js';
import { type KnownCorpus, type KnownSplit, knownCorpora } from './official.js';
import {
  audioProblems,
  duplicateIds,
  emptySplits,
  missingAudio,
  type Problem,
  rowProblems,
  shortAudio,
} from './problems.js';

export interface ManifestReport {
  readonly task: string;
  readonly manifest: string;
  /** Null where the manifest has none: ids stand twice. */
  readonly hash: string | null;
  /** Speakers where every row names one, hours where every row has a duration. */
  readonly splits: Readonly<Record<Split, KnownSplit>>;
  /** Of a task that is cross-validated: utterances of each fold's splits; none where its complaints keep it from them. */
  readonly folds?: readonly { readonly name: string; readonly utterances: Readonly<Record<Split, number>> }[];
  /** By split, of a task that judges pairs. */
  readonly pairs?: Readonly<Record<string, number>>;
  /** By column of the task: how many different values in train, or in all where there are folds. */
  readonly values: Readonly<Record<string, number>>;
  /** The corpus that SUPERB has for the task. */
  readonly official: KnownCorpus | null;
  /** What keeps the task from running: all of it. */
  readonly problems: readonly Problem[];
  /** What may be meant: speakers or audio that several splits share. */
  readonly remarks: readonly string[];
}

export interface ManifestRequest {
  readonly task: string;
  readonly manifest: string;
  readonly root?: string | undefined;
  /** The file of pairs, of a task that judges pairs. */
  readonly pairs?: string | undefined;
  /** Whether every audio file is decoded. */
  readonly deep: boolean;
}

/**
 * Checks a manifest for a task.
 * @throws UserError for what keeps it from being read at all: no CSV, missing columns
 */
export async function checkTaskManifest(request: ManifestRequest): Promise<ManifestReport> {
  const { manifest, root, pairs: file, deep } = request;
  const task = knownTasks.find(request.task);
  const all: Utterance[] = [];
  for await (const row of readManifest(manifest, { root, columns: task.columns })) all.push(row);
  if (all.length === 0) throw new UserError('no utterances', { file: manifest });
  const of = (split: Split): Utterance[] => all.filter((utterance) => utterance.split === split);
  const utterances: TaskData = { train: of('train'), dev: of('dev'), test: of('test') };
  const pairs = await readTaskPairs(task, file, utterances);
  const data: TaskData = pairs === undefined ? utterances : { ...utterances, pairs: pairs.pairs };
  const used = all.filter(({ split }) => (splits as readonly string[]).includes(split));
  const duplicates = duplicateIds(all);
  const missing = await missingAudio(used);
  const inTrain = task.columns.flatMap((column) =>
    typeof column === 'string' ? column : column.splits.includes('train') ? column.name : [],
  );
  const learnt = task.folds === undefined ? data.train : used;
  const valuesOf = (column: string): number => new Set(learnt.map(({ columns }) => columns[column])).size;
  const folds = foldsOf(task, data);
  return {
    task: task.name,
    manifest,
    hash: duplicates.length > 0 ? null : await hashOf(manifest, root, pairs),
    splits: { train: countsOf(data.train), dev: countsOf(data.dev), test: countsOf(data.test) },
    ...(pairs !== undefined && { pairs: pairCounts(pairs) }),
    values: Object.fromEntries(inTrain.map((column) => [column, valuesOf(column)])),
    ...(folds !== undefined && { folds }),
    official: knownCorpora[task.name] ?? null,
    problems: [
      ...emptySplits(task, data, all, manifest),
      ...duplicates,
      ...missing.values(),
      ...(pairs?.complaints ?? []).map(({ message }): Problem => ({ kind: 'unusable pair', message })),
      ...rowProblems(task, data),
      ...(deep
        ? await audioProblems(
            task,
            used.filter(({ path }) => !missing.has(path)),
          )
        : shortAudio(task, used)),
    ],
    remarks: [
      ...(task.folds === undefined ? sharedBy(data, 'audio files', ({ path }) => path) : []),
      ...sharedSpeakers(task, data),
      ...unusedSplits(all),
      ...lookAlikeLabels(task, used),
    ],
  };
}

/** As records know it. */
async function hashOf(
  manifest: string,
  root: string | undefined,
  pairs: ReadPairs | undefined,
): Promise<string> {
  const rows = await hashManifest(manifest, root, 1);
  return pairs === undefined ? rows : hashWithPairs(rows, pairs.hash);
}

const pairCounts = ({ pairs }: ReadPairs): Record<string, number> =>
  Object.fromEntries(Object.entries(pairs).map(([split, { length }]) => [split, length]));

function countsOf(utterances: readonly Utterance[]): KnownSplit {
  const speakers = utterances.map(({ columns }) => columns.speaker || undefined);
  const seconds = utterances.reduce((sum, { durationSeconds = Number.NaN }) => sum + durationSeconds, 0);
  return {
    utterances: utterances.length,
    ...(!speakers.includes(undefined) && { speakers: new Set(speakers).size }),
    ...(!Number.isNaN(seconds) && { hours: Math.round(seconds / 36) / 100 }),
  };
}

/** None where the data does not let the task make any: it complains about that. */
function foldsOf(task: Task, data: TaskData): ManifestReport['folds'] {
  try {
    return task.folds?.(data).map(({ name, data: { train, dev, test } }) => ({
      name,
      utterances: { train: train.length, dev: dev.length, test: test.length },
    }));
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Where speakers are what is told apart, every split must share them; where folds are made, splits do not count. */
function sharedSpeakers(task: Task, data: TaskData): string[] {
  if (task.folds !== undefined) return [];
  if (columnNames(task).includes('speaker')) return [];
  return sharedBy(data, 'speakers', ({ columns }) => columns.speaker || undefined);
}

/** Rows of a split that no one asks for. */
function unusedSplits(rows: readonly Utterance[]): string[] {
  const counts = new Map<string, number>();
  for (const { split } of rows) {
    if (!(splits as readonly string[]).includes(split)) counts.set(split, (counts.get(split) ?? 0) + 1);
  }
  return [...counts].map(([split, count]) => `${count} rows of split '${split}' are not used`);
}

/** Labels that look like one class and are several. */
function lookAlikeLabels(task: Task, rows: readonly Utterance[]): string[] {
  return (task.classes ?? []).flatMap((column) =>
    lookAlikeRemarks(column, new Set(rows.map(({ columns }) => columns[column] ?? ''))),
  );
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
        : [`${split} and ${other} share ${shared.length} ${what}, for example ${shared[0]}`];
    }),
  );
}

/** At most so many problems of one kind are listed in a text. */
const mostShown = 20;

/** The report as lines of text; behind a count, in brackets, the official corpus' own. */
export function reportText(report: ManifestReport): string {
  const { task, manifest, hash, pairs, values, official, problems, remarks } = report;
  const beside = (value: number | undefined, what: string, known: number | undefined): string[] =>
    value === undefined ? [] : [`${value} ${what}${known === undefined ? '' : ` (${known})`}`];
  const splitLine = (split: Split): string => {
    const [own, known] = [report.splits[split], official?.splits[split]];
    const parts = [
      ...beside(own.utterances, 'utterances', known?.utterances),
      ...beside(own.speakers, 'speakers', known?.speakers),
      ...beside(own.hours, 'hours', known?.hours),
    ];
    return `${split}: ${parts.join(', ')}`;
  };
  const kinds = Object.entries(values).map(
    ([column, count]) =>
      `${column} ${count}${official?.values[column] === undefined ? '' : ` (${official.values[column]})`}`,
  );
  const foldLine = ({ name, utterances }: NonNullable<ManifestReport['folds']>[number]): string => {
    const known = official?.folds?.[name];
    const parts = splits.flatMap((split) => beside(utterances[split], split, known?.[split]));
    return `fold ${name}: ${parts.join(', ')}`;
  };
  return [
    `${manifest} for ${task}${official ? `; in brackets: ${official.corpus}` : ''}`,
    ...(report.folds?.map(foldLine) ?? splits.map(splitLine)),
    ...(pairs === undefined
      ? []
      : [
          `pairs: ${Object.entries(pairs)
            .map(([split, count]) => `${split} ${count}`)
            .join(', ')}`,
        ]),
    ...(kinds.length === 0
      ? []
      : [`different values${report.folds === undefined ? ' in train' : ''}: ${kinds.join(', ')}`]),
    ...(official?.note ? [`note: ${official.note}`] : []),
    `hash ${hash ?? 'none: there are duplicate ids'}`,
    ...remarks.map((remark) => `warning: ${remark}`),
    ...problemLines(problems),
    problems.length === 0 ? 'no problems found' : `${problems.length} problems found`,
  ].join('\n');
}

function problemLines(problems: readonly Problem[]): string[] {
  return [...new Set(problems.map(({ kind }) => kind))].flatMap((kind) => {
    const ofKind = problems.filter((problem) => problem.kind === kind);
    const more = ofKind.length - mostShown;
    return [
      ...ofKind.slice(0, mostShown).map(({ message }) => `problem: ${kind}: ${message}`),
      ...(more > 0 ? [`problem: ${kind}: and ${more} more (--json lists all)`] : []),
    ];
  });
}
