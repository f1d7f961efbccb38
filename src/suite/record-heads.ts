/** @file One encoder on one task, recorded: what has its record already is left alone, an interrupted training goes on. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Keeping } from '../api/head-kind.js';
import { engineIdentity } from '../base/engine-identity.js';
import { removeUnfinished } from '../base/files.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { headFileName, writeHead } from '../heads/trained.js';
import { readLayers, writeLayers } from '../results/layers-file.js';
import { type ResultRecord, recordFileName, type StoredRecord } from '../results/record.js';
import { recordFolder, writeRecord } from '../results/store.js';
import { usualSecondsBetweenCheckpoints } from '../training/keep-by-time.js';
import { headCheckpointName, layersCheckpointName } from '../training/keep-work.js';
import { type EvaluateOptions, evaluate } from './evaluate.js';
import { evaluateLayers, hasLayers } from './evaluate-layers.js';
import { fileOfFold, removeCheckpoints } from './folds.js';
import { ownRecord, withPlace } from './namesake.js';
import type { PlannedTask } from './plan.js';

/** Where a record goes, and how what is not recorded yet is kept. */
export interface Recording extends Partial<Pick<Keeping, 'everySeconds' | 'signal' | 'say'>> {
  readonly folderOf: (seed: number) => string;
  /** Whether heads are trained on every hidden state alone too, where the kind can. */
  readonly layerwise?: boolean | undefined;
  /** What records say of the state of the user's work. */
  readonly revision?: string | undefined;
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
  const { engine, seeds, folderOf } = options;
  const known = new Map<number, StoredRecord>();
  for (const seed of seeds) {
    const path = recordFolder(folderOf(seed), encoder.name, task.task.name);
    const record = await knownRecord(folderOf(seed), encoder, task, engine, seed);
    await removeUnfinished(path);
    if (record !== undefined) known.set(seed, { path: join(path, recordFileName), record });
  }
  const missing = seeds.filter((seed) => !known.has(seed));
  // The checkpoint of seeds that train together lies with the first of them all, whichever are missing.
  const checkpointFolder = (seed: number): string => {
    const first = task.head.kind.seedsTogether ? (seeds[0] ?? seed) : seed;
    return recordFolder(folderOf(first), encoder.name, task.task.name);
  };
  const keepingIn = (name: string) => (seed: number, fold: number) => ({
    file: join(checkpointFolder(seed), fileOfFold(name, fold)),
    everySeconds: options.everySeconds ?? usualSecondsBetweenCheckpoints,
    signal: options.signal,
    say: options.say,
  });
  const keepingOf = keepingIn(headCheckpointName);
  const layerwise = options.layerwise === true && hasLayers(encoder, task);
  const half = (place: number): EvaluateOptions['onProgress'] =>
    layerwise && missing.length > 0
      ? (share, note) => options.onProgress?.((place + share) / 2, note)
      : options.onProgress;
  const own = { ...options, seeds: missing, keepingOf, onProgress: half(0) };
  const done = missing.length === 0 ? [] : await evaluate(encoder, task, own);
  for (const { record, predictions, tensors, heads } of done) {
    const [folder, { name }] = [folderOf(record.seed), task.task];
    const written = await withPlace(folder, encoder.name, name, async () => {
      // Another encoder of this name may have been evaluated meanwhile.
      await ownRecord(folder, encoder, name);
      // Before the record: a folder with a record is complete.
      for (const [i, head] of heads.entries()) {
        const file = join(recordFolder(folder, encoder.name, name), fileOfFold(headFileName, i));
        const fold = record.folds?.[i]?.name;
        const { unchanged: manifestHash } = task.hashes;
        await writeHead(file, head, { task: name, encoderHash: encoder.hash, fold, manifestHash });
      }
      const { revision } = options;
      const whole = { ...record, ...(revision !== undefined && { revision }) };
      return writeRecord(folder, whole, predictions, tensors);
    });
    known.set(record.seed, written);
  }
  const stored = seeds.flatMap((seed) => known.get(seed) ?? []);
  if (layerwise) {
    const beside = { ...options, keepingOf: keepingIn(layersCheckpointName), onProgress: half(1) };
    await layersBeside(encoder, task, stored, beside);
  }
  for (const seed of seeds) await removeCheckpoints(checkpointFolder(seed));
  return stored;
}

/** Trains heads on every hidden state alone for the records that have no results of them yet. */
async function layersBeside(
  encoder: Encoder,
  task: PlannedTask,
  records: readonly StoredRecord[],
  options: EvaluateOptions,
): Promise<void> {
  const missing: StoredRecord[] = [];
  for (const stored of records) {
    // What cannot be read is written anew.
    const layers = await readLayers(stored).catch(() => undefined);
    if (layers === undefined) missing.push(stored);
  }
  if (missing.length === 0) return;
  const seeds = missing.map(({ record }) => record.seed);
  const done = await evaluateLayers(encoder, task, { ...options, seeds });
  for (const [i, { layers, lines }] of done.entries())
    await writeLayers(dirname((missing[i] as StoredRecord).path), layers, lines);
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
    engineIdentity(record.engine).join() === engineIdentity(engine).join();
  // A checkout may hold records alone: what gate and intervals are made from is missing then.
  const files = [record?.predictions, record?.tensors?.file].filter((name) => name !== undefined);
  return same && files.every((name) => existsSync(join(place, name))) ? record : undefined;
}
