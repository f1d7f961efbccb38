/** @file The trained head of a result: read with its record, checked to be its own. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { HeadKind } from '../api/head-kind.js';
import type { Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { headKinds } from '../heads/registry.js';
import { headFileName, readHead, type TrainedHead } from '../heads/trained.js';
import { knownTasks } from '../plugins/known-tasks.js';
import { knownTask } from '../results/known-task.js';
import { type ResultRecord, recordFileName } from '../results/record.js';
import { readRecord } from '../results/store.js';
import { fileOfFold } from './folds.js';

export interface HeadOfResult {
  readonly head: TrainedHead;
  readonly file: string;
  readonly record: ResultRecord;
  readonly task: Task;
  /** Of the manifest's own rows, as `manifestHashes` gives it; with pairs, as the record has it. */
  readonly manifestHash: string;
}

/**
 * @param path of a result's folder, or of the file of a head in it
 * @param fold whose head, of a task that is cross-validated
 * @throws UserError for what is no result with a head, or with one that cannot be asked
 */
export async function headOf(path: string, fold: string | undefined): Promise<HeadOfResult> {
  const isFile = path.endsWith('.safetensors');
  const folder = isFile ? dirname(path) : path;
  const recordFile = join(folder, recordFileName);
  const present = (file: string): string => {
    if (existsSync(file)) return file;
    throw new UserError(`is not a result with a trained head: ${basename(file)} is missing`, {
      file: folder,
      hint: "Pass a result folder written by 'ehmam run' (results/ENCODER/TASK)",
    });
  };
  const record = await readRecord(present(recordFile));
  const file = present(isFile ? path : join(folder, fileOfFold(headFileName, foldAt(record, fold, folder))));
  const { origin, ...head } = await readHead(file);
  if (origin.encoderHash !== record.encoder.hash || origin.task !== record.task.name)
    throw new UserError('does not match the record in its folder', {
      file,
      hint: 'Run the task again to recreate both',
    });
  const task = knownTask({ path: recordFile, record }, knownTasks.all());
  refuseUnable(task, headKinds.find(head.kind), file);
  return { head, file, record, task, manifestHash: origin.manifestHash ?? record.manifest.hash };
}

/** Which of its heads is meant: of a task without folds there is one. */
function foldAt({ folds = [] }: ResultRecord, fold: string | undefined, folder: string): number {
  const names = folds.map(({ name }) => name);
  const index = fold === undefined && names.length === 0 ? 0 : names.indexOf(fold ?? '');
  if (index >= 0) return index;
  if (names.length === 0) throw new UserError('has no folds', { file: folder, hint: 'Remove --fold' });
  throw new UserError(fold === undefined ? 'has one head per fold' : `has no fold '${fold}'`, {
    file: folder,
    hint: `Choose one with --fold: ${names.join(', ')}`,
  });
}

function refuseUnable(task: Task, kind: HeadKind, file: string): void {
  if (kind.predict !== undefined) return;
  throw new UserError(
    `heads of kind '${kind.kind}' (task '${task.name}') cannot be evaluated after their run`,
    { file, hint: "Use 'ehmam run', which evaluates the test split" },
  );
}
