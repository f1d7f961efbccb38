/** @file Suites in this process, for tests: their encoders may be loaded ones that no SPEC names. */
import { join } from 'node:path';
import { UserError } from '../base/errors.js';
import { userCacheFolder } from '../base/files.js';
import type { Encoder } from '../encoders/encoder.js';
import { loadEncoder } from '../encoders/load.js';
import { createEngine, type EngineSettings } from '../engine/create.js';
import type { EngineName } from '../engine/engine.js';
import type { ResultRecord } from '../results/record.js';
import type { SuiteTask } from './definition.js';
import { checkNames } from './encoders.js';
import { checkTaskNames, checkWritable, type PlannedTask, planTask, type Training } from './plan.js';
import { evaluateInto } from './record-heads.js';

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
  /** The share of a task's utterances whose audio may be missing or unusable (default 0.001). */
  readonly maxBadShare?: number | undefined;
  /** Ends the run in the training of a head, or before the next job; what is done stays. */
  readonly signal?: AbortSignal;
  /** Seconds between the checkpoints of a training (default 30). */
  readonly checkpointSeconds?: number | undefined;
  /** Told what a training goes on from, and of a checkpoint that cannot be used. */
  readonly remark?: ((text: string) => void) | undefined;
}

/**
 * Evaluates encoders on tasks. Manifests, tasks, SPECs and the results folder are all checked before any work.
 * A result that is recorded already for the same encoder, data, task version, settings, seed and engine is kept.
 * @returns the records, encoders in the order given, tasks within them, seeds within those
 * @throws UserError for anything wrong in the call or its input
 */
export async function runSuite(options: RunSuiteOptions): Promise<ResultRecord[]> {
  const { seed = 1337, quiet = false, maxBadShare = 0.001, outFolder, seeds = [seed] } = options;
  if (options.tasks.length === 0) throw new UserError('no task is given', { mend: 'Name at least one' });
  checkTaskNames(options.tasks);
  const planned: PlannedTask[] = [];
  for (const task of options.tasks) planned.push(await planTask(task, options.training, maxBadShare));
  const encoders = await loadAll(options.encoders, seeds[0] ?? seed);
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
      const { signal, remark: say } = options;
      const everySeconds = options.checkpointSeconds;
      const work = { engine, seeds, quiet, featureFolder, maxBadShare, folderOf, signal, say, everySeconds };
      const stored = await evaluateInto(encoder, task, work).catch((error: unknown) => {
        if (signal?.aborted) return [];
        throw error;
      });
      records.push(...stored.map(({ record }) => record));
    }
  }
  return records;
}

/** Loads what the SPECs name; encoders that are loaded already pass. */
async function loadAll(wanted: readonly (string | Encoder)[], seed: number): Promise<Encoder[]> {
  const encoders: Encoder[] = [];
  for (const entry of wanted)
    encoders.push(typeof entry === 'string' ? await loadEncoder(entry, seed) : entry);
  checkNames(encoders.map(({ name, spec }) => ({ name, spec, seeds: [seed] })));
  return encoders;
}
