/** @file Runs a suite: every encoder on every task, what is recorded already left alone. */
import { join } from 'node:path';
import { builtInTasks } from '../../tasks/index.js';
import type { Task } from '../../tasks/task.js';
import type { Encoder } from '../encoders/encoder.js';
import { createEngine, type EngineSettings } from '../engine/create.js';
import type { Engine, EngineName } from '../engine/engine.js';
import { UserError } from '../errors.js';
import { removeUnfinished, userCacheFolder } from '../files.js';
import { headFileName, writeHead } from '../heads/trained.js';
import { type ResultRecord, recordFileName, type StoredRecord } from '../results/record.js';
import { readRecord, recordFolder, writeRecord } from '../results/store.js';
import type { SuiteTask } from './definition.js';
import { type EvaluateOptions, evaluate } from './evaluate.js';
import {
  checkTaskNames,
  checkWritable,
  type PlannedTask,
  planEncoders,
  planTask,
  type Training,
} from './plan.js';

export { type LoadSuiteOptions, loadSuite, type Suite, type SuiteTask } from './definition.js';

export interface RunSuiteOptions {
  readonly tasks: readonly SuiteTask[];
  /** SPECs, or encoders that are loaded already. */
  readonly encoders: readonly (string | Encoder)[];
  /** Records go to `<outFolder>/<encoder>/<task>/`. */
  readonly outFolder: string;
  readonly engine?: { readonly name: EngineName } & EngineSettings;
  /** Default 1337, as in SUPERB. */
  readonly seed?: number;
  /** In place of `seed`: heads from several seeds, each with a folder `seed-<n>` of its own in `outFolder`. */
  readonly seeds?: readonly number[];
  readonly training?: Training;
  readonly quiet?: boolean;
  /** Where features are kept (default: the user's cache folder). */
  readonly cacheFolder?: string | undefined;
  /** The tasks that names are looked up in (default: the built-in ones). */
  readonly knownTasks?: readonly Task[];
  /** The share of a task's utterances whose audio may be missing or unusable (default 0.001). */
  readonly maxBadShare?: number | undefined;
  /** Ends the run before the next job; what is done stays. */
  readonly signal?: AbortSignal;
}

/**
 * Evaluates encoders on tasks. Manifests, tasks, SPECs and the results folder are all checked before any work.
 * A result that is recorded already for the same encoder, data, task version, settings, seed and engine is kept.
 * @returns the records, encoders in the order given, tasks within them, seeds within those
 * @throws UserError for anything wrong in the call or its input
 */
export async function runSuite(options: RunSuiteOptions): Promise<ResultRecord[]> {
  const {
    seed = 1337,
    quiet = false,
    maxBadShare = 0.001,
    outFolder,
    knownTasks = builtInTasks,
    seeds = [seed],
  } = options;
  if (options.tasks.length === 0) throw new UserError('no task is given', { mend: 'Name at least one' });
  checkTaskNames(options.tasks);
  const planned: PlannedTask[] = [];
  for (const task of options.tasks)
    planned.push(await planTask(task, knownTasks, options.training, maxBadShare));
  const encoders = await planEncoders(options.encoders, seeds[0] ?? seed);
  const cacheFolder = options.cacheFolder ?? userCacheFolder();
  await checkWritable(cacheFolder);
  await checkWritable(outFolder);
  const { name, ...settings } = options.engine ?? { name: 'onnx' };
  const engine = await createEngine(name, settings);
  const folderOf = (one: number): string =>
    options.seeds === undefined ? outFolder : join(outFolder, `seed-${one}`);
  const records: ResultRecord[] = [];
  for (const encoder of encoders) {
    for (const task of planned) {
      if (options.signal?.aborted) return records;
      const featureFolder = join(cacheFolder, 'features');
      const work = { engine, seeds, quiet, featureFolder, maxBadShare, folderOf };
      records.push(...(await evaluateInto(encoder, task, work)).map(({ record }) => record));
    }
  }
  return records;
}

/** Trains and tests the heads of the seeds that have no record of the very same work yet, and records them. */
export async function evaluateInto(
  encoder: Encoder,
  task: PlannedTask,
  options: EvaluateOptions & { readonly folderOf: (seed: number) => string },
): Promise<StoredRecord[]> {
  const { engine, seeds, folderOf } = options;
  const known = new Map<number, StoredRecord>();
  for (const seed of seeds) {
    const path = recordFolder(folderOf(seed), encoder.name, task.task.name);
    await removeUnfinished(path);
    const record = await knownRecord(folderOf(seed), encoder, task, engine, seed);
    if (record !== undefined) known.set(seed, { path: join(path, recordFileName), record });
  }
  const missing = seeds.filter((seed) => !known.has(seed));
  const done = missing.length === 0 ? [] : await evaluate(encoder, task, { ...options, seeds: missing });
  for (const { record, predictions, head } of done) {
    const folder = folderOf(record.seed);
    // Before the record: a folder with a record is complete.
    await writeHead(join(recordFolder(folder, encoder.name, task.task.name), headFileName), head, {
      task: task.task.name,
      encoderHash: encoder.hash,
    });
    known.set(record.seed, await writeRecord(folder, record, predictions));
  }
  return seeds.flatMap((seed) => known.get(seed) ?? []);
}

/** The record of the very same work, if there is one. */
async function knownRecord(
  outFolder: string,
  encoder: Encoder,
  planned: PlannedTask,
  engine: Engine,
  seed: number,
): Promise<ResultRecord | undefined> {
  const file = join(recordFolder(outFolder, encoder.name, planned.task.name), recordFileName);
  // An unreadable record is no record: it is written anew.
  const record = await readRecord(file).catch(() => undefined);
  const same =
    record !== undefined &&
    record.encoder.hash === encoder.hash &&
    record.task.version === planned.task.version &&
    record.manifest.hash === planned.manifest.hash &&
    record.preset === planned.preset &&
    record.seed === seed &&
    record.engine.name === engine.name &&
    record.engine.provider === engine.provider;
  return same ? record : undefined;
}
