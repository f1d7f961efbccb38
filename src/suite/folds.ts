/** @file The folds of a cross-validated task: planned, each seen as a task of its own, and put together as one result. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HeadResult, HeadWork } from '../api/head-kind.js';
import type { HeadSpec } from '../api/head-spec.js';
import { type Fold, splits, type Task, type TaskData } from '../api/task.js';
import { UserError } from '../base/errors.js';
import type { Features } from '../features/store.js';
import type { NewRecord } from '../results/record.js';
import { headCheckpointName } from '../training/keep-work.js';
import type { PlannedTask } from './plan.js';

/** A fold with the head that its data asks for. */
export interface PlannedFold extends Fold {
  readonly spec: HeadSpec;
}

/**
 * The folds of a task's data.
 * @returns undefined for a task without
 * @throws UserError for folds that are no cross-validation (a plug-in's mistake), and what the task throws about its data
 */
export function planFolds(task: Task, data: TaskData): readonly PlannedFold[] | undefined {
  const folds = task.folds?.(data);
  if (folds === undefined) return undefined;
  const refused = (what: string): UserError =>
    new UserError(`the task '${task.name}' ${what}`, { mend: 'See tasks/README.md, Folds' });
  if (folds.length === 0) throw refused('gives no folds');
  const known = new Set(splits.flatMap((split) => data[split].map(({ id }) => id)));
  const [names, tested] = [new Set<string>(), new Set<string>()];
  for (const { name, data: own } of folds) {
    if (names.size === names.add(name).size) throw refused(`has two folds '${name}'`);
    const empty = splits.find((split) => own[split].length === 0);
    if (empty !== undefined) throw refused(`has a fold '${name}' without utterances in '${empty}'`);
    const strange = splits.flatMap((split) => own[split]).find(({ id }) => !known.has(id));
    if (strange !== undefined) throw refused(`has '${strange.id}' in the fold '${name}' alone`);
    for (const { id } of own.test)
      if (tested.size === tested.add(id).size) throw refused(`tests '${id}' in two folds`);
  }
  return folds.map((fold) => ({ ...fold, spec: task.head(fold.data) }));
}

/** What one head a seed is trained on: a task, or one of its folds. */
export interface Part {
  /** Its fold's name. */
  readonly fold?: string;
  /** The task, as if the fold were all of it. */
  readonly planned: PlannedTask;
  /** What is known of its utterances' features, in the order of `planned.utterances`. */
  readonly seen: Pick<Features, 'bad' | 'rows'>;
  /** Where one of them stands among all features. */
  placeOf(index: number): number;
}

/** The parts of a task: its folds, or the whole of it. */
export function partsOf(planned: PlannedTask, features: Features): readonly [Part, ...Part[]] {
  const whole: Part = { planned, seen: features, placeOf: (index) => index };
  const [first, ...others] = planned.folds ?? [];
  if (first === undefined) return [whole];
  const places = new Map(planned.utterances.map(({ id }, place) => [id, place]));
  const partOf = ({ name, data, spec }: PlannedFold): Part => {
    const utterances = splits.flatMap((split) => data[split]);
    const own = utterances.map(({ id }) => places.get(id) as number);
    const reasons = own.flatMap((place, index) => {
      const reason = features.bad.get(place);
      return reason === undefined ? [] : [[index, reason] as const];
    });
    return {
      fold: name,
      planned: { ...planned, data, utterances, head: { ...planned.head, spec } },
      seen: { bad: new Map(reasons), rows: own.map((place) => features.rows[place] as number) },
      placeOf: (index) => own[index] as number,
    };
  };
  return [partOf(first), ...others.map(partOf)];
}

/** Places of a part's utterances as places among all features. */
export function placesIn({ fold, placeOf }: Part, places: HeadWork['places']): HeadWork['places'] {
  if (fold === undefined) return places;
  const { train, dev, test } = places;
  return { train: train.map(placeOf), dev: dev.map(placeOf), test: test.map(placeOf) };
}

/** The name of a file that every fold has one of: the first fold's is the name itself, `head-2.safetensors` the second's. */
export function fileOfFold(name: string, index: number): string {
  return index === 0 ? name : name.replace('.', `-${index + 1}.`);
}

/** Removes the checkpoints of a head, or of a head a fold, from the folder of their result. */
export async function removeCheckpoints(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const checkpoint = new RegExp(`^${headCheckpointName.replace('.', String.raw`(-\d+)?\.`)}$`);
  for (const name of names) if (checkpoint.test(name)) await rm(join(folder, name), { force: true });
}

/** What a record says of training: of one head, or of a head a fold and what they have in common. */
export type TrainingOfRecord = Pick<NewRecord, 'learningRates' | 'layerWeights' | 'curve' | 'folds'>;

/** A fold's training, with the value of the task's first metric on its test utterances. */
export interface TestedFold {
  readonly name: string;
  readonly result: HeadResult;
  readonly value: number;
  readonly utterances: number;
}

/**
 * What a record says of a head a fold. Layer weights are means over folds, and so are the metrics of rates that every fold
 * tried; a rate is chosen where it is the choice of all.
 */
export function trainingOverFolds(folds: readonly TestedFold[]): TrainingOfRecord {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [first] = folds;
  if (first === undefined) throw new Error('no fold');
  const { tried, chosen, layerWeights } = first.result;
  return {
    learningRates: {
      tried: tried.flatMap(({ learningRate }) => {
        const own = folds.map(({ result }) => result.tried.find((one) => one.learningRate === learningRate));
        const known = own.filter((one) => one !== undefined);
        if (known.length < folds.length) return [];
        return [{ learningRate, devMetric: mean(known.map(({ devMetric }) => devMetric)) }];
      }),
      chosen: folds.every(({ result }) => result.chosen === chosen) ? chosen : null,
    },
    layerWeights: layerWeights.map((_, layer) =>
      mean(folds.map(({ result }) => result.layerWeights[layer] as number)),
    ),
    folds: folds.map(({ name, result, value, utterances }) => ({
      name,
      value,
      utterances,
      ...trainingOf(result),
    })),
  };
}

/** What a record says of one head's training. */
export function trainingOf(result: HeadResult) {
  return {
    learningRates: { tried: result.tried.map((rate) => ({ ...rate })), chosen: result.chosen },
    layerWeights: [...result.layerWeights],
    curve: result.curve.map((point) => ({ ...point })),
  };
}
