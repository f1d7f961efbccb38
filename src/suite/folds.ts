/** @file The folds of a cross-validated task, planned and checked, and the files that each of them has. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HeadSpec } from '../api/head-spec.js';
import { type Fold, splits, type Task, type TaskData } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { headCheckpointName, layersCheckpointName } from '../training/keep-work.js';

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
    new UserError(`invalid folds of the task '${task.name}': ${what}`, {
      hint: 'See tasks/README.md, Folds',
    });
  if (folds.length === 0) throw refused('the list is empty');
  const known = new Set(splits.flatMap((split) => data[split].map(({ id }) => id)));
  const [names, tested] = [new Set<string>(), new Set<string>()];
  for (const { name, data: own } of folds) {
    if (names.size === names.add(name).size) throw refused(`duplicate fold '${name}'`);
    const empty = splits.find((split) => own[split].length === 0);
    if (empty !== undefined) throw refused(`fold '${name}' has no ${empty} utterances`);
    const strange = splits.flatMap((split) => own[split]).find(({ id }) => !known.has(id));
    if (strange !== undefined)
      throw refused(`fold '${name}' contains '${strange.id}', which is not in the data`);
    for (const { id } of own.test)
      if (tested.size === tested.add(id).size) throw refused(`'${id}' is in the test split of two folds`);
  }
  return folds.map((fold) => ({ ...fold, spec: task.head(fold.data) }));
}

/** The name of a file that every fold has one of: the first fold's is the name itself, `head-2.safetensors` the second's. */
export function fileOfFold(name: string, index: number): string {
  return index === 0 ? name : name.replace('.', `-${index + 1}.`);
}

/** Removes the checkpoints of a head, or of a head a fold, from the folder of their result. */
export async function removeCheckpoints(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const patterns = [headCheckpointName, layersCheckpointName].map(
    (name) => new RegExp(`^${name.replace('.', String.raw`(-\d+)?\.`)}$`),
  );
  for (const name of names)
    if (patterns.some((pattern) => pattern.test(name))) await rm(join(folder, name), { force: true });
}
