/** @file One encoder on one task, recorded: what has its record already is left alone, an interrupted training goes on. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Keeping } from '../api/head-kind.js';
import { removeUnfinished } from '../base/files.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { headFileName, writeHead } from '../heads/trained.js';
import { type ResultRecord, recordFileName, type StoredRecord } from '../results/record.js';
import { recordFolder, writeRecord } from '../results/store.js';
import { usualSecondsBetweenCheckpoints } from '../training/keep-by-time.js';
import { headCheckpointName } from '../training/keep-work.js';
import { type EvaluateOptions, evaluate } from './evaluate.js';
import { ownRecord, withPlace } from './namesake.js';
import type { PlannedTask } from './plan.js';

/** Where a record goes, and how what is not recorded yet is kept. */
export interface Recording extends Partial<Pick<Keeping, 'everySeconds' | 'signal' | 'say'>> {
  readonly folderOf: (seed: number) => string;
}

/**
 * Trains and tests the heads of the seeds that have no record of the very same work yet, and records them. A training
 * that was interrupted goes on.
 * @throws UserError where the result of another encoder of its name is in the way, and the signal's reason when it is aborted
 */
export async function evaluateInto(
  encoder: Encoder,
  task: PlannedTask,
  options: Omit<EvaluateOptions, 'keepingOf'> & Recording,
): Promise<StoredRecord[]> {
  const { engine, seeds, folderOf, signal, say } = options;
  const known = new Map<number, StoredRecord>();
  for (const seed of seeds) {
    const path = recordFolder(folderOf(seed), encoder.name, task.task.name);
    const record = await knownRecord(folderOf(seed), encoder, task, engine, seed);
    await removeUnfinished(path);
    if (record !== undefined) known.set(seed, { path: join(path, recordFileName), record });
  }
  const missing = seeds.filter((seed) => !known.has(seed));
  // The checkpoint of seeds that train together lies with the first of them all, whichever are missing.
  const checkpointOf = (seed: number): string => {
    const first = task.head.kind.seedsTogether ? (seeds[0] ?? seed) : seed;
    return join(recordFolder(folderOf(first), encoder.name, task.task.name), headCheckpointName);
  };
  const keepingOf = (seed: number) => ({
    file: checkpointOf(seed),
    everySeconds: options.everySeconds ?? usualSecondsBetweenCheckpoints,
    signal,
    say,
  });
  const done =
    missing.length === 0 ? [] : await evaluate(encoder, task, { ...options, seeds: missing, keepingOf });
  for (const { record, predictions, tensors, head } of done) {
    const [folder, { name }] = [folderOf(record.seed), task.task];
    const stored = await withPlace(folder, encoder.name, name, async () => {
      // Another encoder of this name may have been evaluated meanwhile.
      await ownRecord(folder, encoder, name);
      // Before the record: a folder with a record is complete.
      const origin = { task: name, encoderHash: encoder.hash };
      await writeHead(join(recordFolder(folder, encoder.name, name), headFileName), head, origin);
      return writeRecord(folder, record, predictions, tensors);
    });
    known.set(record.seed, stored);
  }
  for (const seed of seeds) await rm(checkpointOf(seed), { force: true });
  return seeds.flatMap((seed) => known.get(seed) ?? []);
}

/**
 * The record of the very same work, if there is one with its predictions.
 * @throws UserError where the record is of another encoder that has the name
 */
async function knownRecord(
  outFolder: string,
  encoder: Encoder,
  planned: PlannedTask,
  engine: Engine,
  seed: number,
): Promise<ResultRecord | undefined> {
  const place = recordFolder(outFolder, encoder.name, planned.task.name);
  const record = await ownRecord(outFolder, encoder, planned.task.name);
  const same =
    record !== undefined &&
    record.encoder.hash === encoder.hash &&
    record.task.version === planned.task.version &&
    record.manifest.hash === planned.manifest.hash &&
    record.preset === planned.preset &&
    record.seed === seed &&
    record.engine.name === engine.name &&
    record.engine.provider === engine.provider;
  // A checkout may hold records alone: what gate and intervals are made from is missing then.
  const files = [record?.predictions, record?.tensors?.file].filter((name) => name !== undefined);
  return same && files.every((name) => existsSync(join(place, name))) ? record : undefined;
}
