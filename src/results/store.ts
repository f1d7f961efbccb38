/** @file Result records on disk: written whole, found under folders, checked when read. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import { jsonSource } from '../base/source-text.js';
import { checked } from '../base/validation.js';
import { findFiles, inGroups } from './find-files.js';
import { finetuningFileName } from './finetuning-file.js';
import { migrated } from './migrate.js';
import { writePredictions } from './predictions-file.js';
import {
  type NewRecord,
  type PredictionLine,
  predictionsFileName,
  type ResultRecord,
  recordFileName,
  recordSchema,
  recordSchemaVersion,
  type StoredRecord,
} from './record.js';
import { type NamedTensors, writeTensors } from './tensors.js';

/** The folder of one result: `<folder>/<encoder name>/<task>`, names made safe for every file system. */
export function recordFolder(folder: string, encoderName: string, taskName: string): string {
  return join(folder, folderName(encoderName), folderName(taskName));
}

/** Percent-encodes what a file system may refuse (`random:tiny`), so that two names never meet. */
function folderName(name: string): string {
  return encodeURIComponent(name).replace(/[*'()!~]|^\./g, (c) => `%${c.charCodeAt(0).toString(16)}`);
}

/**
 * Writes a record, its predictions and their tensors: the record last and in one step, so a folder with a record is complete.
 * An older record of the folder goes first, and the new one holds the hashes of the others: readers notice where
 * two runs wrote at the same time.
 * @throws UserError (exit code 1) when the folder cannot be written
 */
export async function writeRecord(
  folder: string,
  record: NewRecord,
  predictions: Iterable<PredictionLine>,
  tensors: NamedTensors = {},
): Promise<StoredRecord> {
  const checked = recordSchema.parse({
    ...record,
    schemaVersion: recordSchemaVersion,
    predictions: predictionsFileName,
  });
  const place = recordFolder(folder, record.encoder.name, record.task.name);
  const path = join(place, recordFileName);
  // What cannot be removed cannot be written either, and that is said with its hint.
  await rm(path, { force: true }).catch(() => undefined);
  const predictionsHash = await writePredictions(join(place, predictionsFileName), predictions);
  const stored = await writeTensors(place, tensors);
  const whole = {
    ...checked,
    predictionsHash,
    ...(stored !== undefined && { tensors: stored }),
  };
  await writeFileAtomic(path, `${JSON.stringify(whole, null, 2)}\n`);
  return { path, record: whole };
}

/**
 * The records in files and under folders, in the order of the paths; a record found twice counts once.
 * @throws UserError naming a path that is not there, a record's wrong field, or folders without any record
 */
export async function readRecords(paths: readonly string[]): Promise<StoredRecord[]> {
  const files = await findRecordFiles(paths);
  return inGroups(files, async (path) => ({ path, record: await readRecord(path) }));
}

/**
 * The record files that paths name or hold, each once.
 * @throws UserError naming a path that is not there, or folders without any record
 */
export async function findRecordFiles(paths: readonly string[]): Promise<string[]> {
  const found = await findFiles(paths, recordFileName);
  if (found.length > 0) return found;
  const tuned = await findFiles(paths, finetuningFileName);
  throw new UserError(`no ${recordFileName} under ${paths.join(', ')}`, {
    hint:
      tuned.length > 0
        ? `Found fine-tuned recognisers: try 'ehmam paper low-resource ${paths.join(' ')}'`
        : "Pass a folder written by 'ehmam run' or 'ehmam demo'",
  });
}

/** Whether there is a record under any of the paths. */
export async function hasRecords(paths: readonly string[]): Promise<boolean> {
  return (await findFiles(paths, recordFileName)).length > 0;
}

/**
 * Reads and checks one record file.
 * @throws UserError naming the file and the field
 */
export async function readRecord(file: string): Promise<ResultRecord> {
  const hint = 'Run the task again to recreate it, or remove the file';
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot be read (${messageOf(error)})`, { file, cause: error });
  });
  const source = jsonSource(text, file, { hint, refuseDuplicates: false });
  const json = source.value;
  const version = (json as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === 'number' && version > recordSchemaVersion) {
    throw new UserError(`has schemaVersion ${version}; this ehmam supports ${recordSchemaVersion}`, {
      file,
      hint: 'Use the newer ehmam that wrote it',
    });
  }
  const current = migrated(json) as { schemaVersion?: unknown } | null;
  if (typeof current?.schemaVersion === 'number' && current.schemaVersion < recordSchemaVersion)
    throw new UserError(`unsupported schemaVersion ${version}`, { file, hint });
  return checked(recordSchema, source, { completed: current, hint });
}
