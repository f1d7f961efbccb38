/** @file What a task is to the harness: data and small functions; built-in and third-party tasks are alike. */

import type { UserError } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import type { Cropper } from '../data/cropping.js';
import type { Pair } from '../data/pairs.js';
import type { Utterance } from '../data/rows.js';
import type { MetricValue } from '../metrics/index.js';
import type { HeadSpec } from './head-spec.js';
import type { PresetName } from './presets.js';

/** Values under column names: what a head predicts for an utterance, or what its manifest says. */
export type Columns = Readonly<Record<string, string>>;

export type Split = 'train' | 'dev' | 'test';
export const splits: readonly Split[] = ['train', 'dev', 'test'];

/** The utterances a head learns from, is chosen by, and is judged on; no split that the task needs is empty. */
export interface TaskData extends Readonly<Record<Split, readonly Utterance[]>> {
  /** Of a task that judges pairs: those of each split that has some, in their file's order. */
  readonly pairs?: Readonly<Partial<Record<Split, readonly Pair[]>>>;
}

/** Of a task that judges pairs of utterances: what its file of pairs (CSV, a row a pair, with a column `split`) holds. */
export interface TaskPairs {
  /** The columns that name the two utterances by their ids. */
  readonly first: string;
  readonly second: string;
  /** Columns that every pair must fill besides; `target` among them must be 1 or 0. */
  readonly columns: readonly string[];
  /**
   * The splits in which pairs are judged, as far as the manifest has utterances of them: there references, predictions
   * and judged rows are of pairs, with every column of the file but `id` and `split`.
   */
  readonly splits: readonly Split[];
}

export interface TaskMetric {
  readonly name: string;
  /** Which values are better. */
  readonly direction: 'higher' | 'lower';
  /**
   * `ratio` (default): a ratio of sums; rows are judged in blocks, so a row's share must not depend on the others.
   * `statistic`: judged on all rows at once.
   */
  readonly kind?: 'ratio' | 'statistic';
  /** The tensors of a prediction that it is computed from, by name: the others are not read. */
  readonly tensors?: readonly string[];
  /** How `ehmam score` writes it: in percent (default), or as the fraction that it is. */
  readonly unit?: 'percent' | 'fraction';
  /** What it counts, in a sentence for someone who meets its name for the first time. */
  readonly about?: string;
}

/** The columns that judging predictions made elsewhere needs beside ids. */
export interface JudgedColumns {
  readonly references: readonly string[];
  readonly predictions: readonly string[];
}

/** An utterance (or pair of them) with what was predicted for it and what its manifest (or file of pairs) says. */
export interface JudgedRow {
  readonly id: string;
  readonly prediction: Columns;
  readonly reference: Columns;
  readonly tensors?: Readonly<Record<string, HostTensor>>;
}

/** A column that every utterance must fill, or every one of some splits. */
export type TaskColumn = string | { readonly name: string; readonly splits: readonly Split[] };

/** A part of a cross-validation: a head of its own is trained on its splits. */
export interface Fold {
  readonly name: string;
  /** Of the utterances that the folds are made from; no split is empty. */
  readonly data: TaskData;
}

/** A task of the harness. It knows utterances and predictions, never an encoder. */
export interface Task<Spec extends HeadSpec = HeadSpec> {
  readonly name: string;
  /** Raised whenever results stop being comparable. */
  readonly version: number;
  /** One line for a list of tasks. */
  readonly summary: string;
  /** The task in two or three words, `speech recognition`: pages show them beside its name. */
  readonly title?: string;
  /** The columns its manifest must have, besides id, path and split. */
  readonly columns: readonly TaskColumn[];
  /** It judges pairs of utterances, not utterances: the suite names a file of them. */
  readonly pairs?: TaskPairs;
  /** The splits that must have utterances (default: all three; `test` is always one): without train, nothing is trained. */
  readonly splits?: readonly Split[];
  /** Splits whose utterances are used where there are any, besides those that must have some. */
  readonly optionalSplits?: readonly Split[];
  /**
   * What `ehmam score` asks for (default: the columns that test utterances must fill, on both sides; of a task that
   * judges pairs, its pairs' columns and a `score`).
   */
  readonly judges?: JudgedColumns;
  /** The first one decides which checkpoint is best on dev. */
  readonly metrics: readonly [TaskMetric, ...TaskMetric[]];
  /** Columns that need not be there and say what the others were made with, a lexicon's hash say: the record keeps their values. */
  readonly madeWith?: readonly string[];
  /** Those of its columns whose values are classes: confusions are counted of them. */
  readonly classes?: readonly string[];
  /** What the Hugging Face hub calls such a task (huggingface.co/tasks), for model cards; default `other`. */
  readonly hubTask?: string;
  /**
   * The kind of its head, where that is the same whatever the data: a suite's settings of the head are then checked before
   * any data is read or made.
   */
  readonly headKind?: string;
  /** Settings of its head where a preset's are not those of every head of the kind (SUPERB's numbers differ by task). */
  readonly settings?: Readonly<Partial<Record<PresetName, Readonly<Record<string, unknown>>>>>;
  /**
   * The data to work on where the settings ask for `crops`: the task says which utterances are cut. What it gives back
   * holds no id twice. An epoch takes one crop of every utterance that was cut, each in its turn.
   * @param cropsOf seeded crops of an utterance; itself where it is no longer than one
   */
  crop?(data: TaskData, cropsOf: Cropper): Promise<TaskData>;
  /**
   * The folds of a task that is cross-validated: a head a fold and seed, each chosen on its own dev, and one result for all.
   * Every test utterance is in one fold's test split. Rows that are judged have their fold's name in the reference's column
   * `fold`, and the rows of all folds are judged together. Whatever `split` says, rows of train, dev and test make up `data`,
   * and none of the three need be there.
   */
  folds?(data: TaskData): readonly Fold[];
  /**
   * Everything that keeps the task from using the data, each with manifest and line, for `ehmam validate`. Without it, the
   * head is asked for again and again, each time without the line that it refused.
   */
  complaints?(data: TaskData): Iterable<UserError>;
  /**
   * The fewest steps of a head that can say what an utterance's columns say (default: one). A train utterance with fewer
   * teaches nothing: it is left out and named.
   */
  stepsNeeded?(utterance: Utterance): number;
  /**
   * The head that the data, or that of a fold, asks for (classes are those of the train split).
   * @throws UserError naming manifest and line of a label or text that the task cannot use
   */
  head(data: TaskData): Spec;
  /**
   * Metrics over rows of one split.
   * @param wanted the names of the metrics that are asked for (default: all); others may be left out
   */
  evaluate(rows: readonly JudgedRow[], wanted?: readonly string[]): Readonly<Record<string, MetricValue>>;
}

/** The splits that a task's manifest must have utterances of. */
export const splitsOf = ({ splits: own = splits }: Pick<Task, 'splits'>): readonly Split[] => own;

/** The columns that judging predictions made elsewhere needs. */
export function judgedColumns({
  judges,
  pairs,
  columns,
}: Pick<Task, 'judges' | 'pairs' | 'columns'>): JudgedColumns {
  if (judges !== undefined) return judges;
  if (pairs !== undefined) return { references: pairs.columns, predictions: ['score'] };
  const ofTest = columns.flatMap((column) =>
    typeof column === 'string' ? column : column.splits.includes('test') ? column.name : [],
  );
  return { references: ofTest, predictions: ofTest };
}

/** The names of a task's columns, whichever splits they are of. */
export function columnNames({ columns }: Pick<Task, 'columns'>): string[] {
  return columns.map((column) => (typeof column === 'string' ? column : column.name));
}
