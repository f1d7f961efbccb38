/** @file An evaluation from what the command line says. */
import { join } from 'node:path';
import { findTask } from '../../../tasks/index.js';
import type { Encoder } from '../../encoders/encoder.js';
import type { LoadOptions } from '../../encoders/load.js';
import type { EngineName, ProviderName } from '../../engine/engine.js';
import { UserError } from '../../errors.js';
import { mendOfName } from '../../metrics/index.js';
import { type Comparison, compareRecords, recordFolder, type StoredRecord } from '../../results/index.js';
import { planEncoders } from '../../suite/plan.js';
import { loadSuite, runSuite, type Suite, type SuiteTask } from '../../suite/run.js';
import { remarksOn } from '../encoder-options.js';

export interface RunRequest extends LoadOptions {
  readonly suite: string;
  /** Names of the suite's tasks (default: all). */
  readonly tasks: readonly string[] | undefined;
  /** SPECs (default: the suite's). */
  readonly encoders: readonly string[] | undefined;
  readonly seeds: readonly string[] | undefined;
  readonly out: string;
  /** The share of utterances whose audio may be missing or unusable. */
  readonly maxBadShare?: number;
  readonly engine: { readonly name: EngineName; readonly provider: ProviderName; readonly threads?: number };
  readonly quiet: boolean;
  /** Told what is to be known of how encoders were read. */
  readonly remark?: (text: string) => void;
  readonly signal: AbortSignal;
}

/** SUPERB's. */
const usualSeed = 1337;

/**
 * Checks names and SPECs (before a corpus is made), runs the suite for every seed, and compares the results.
 * @throws UserError for whatever is wrong in the call or its input
 */
export async function runFromSuite(request: RunRequest): Promise<Comparison> {
  const { out, engine, quiet, signal, maxBadShare } = request;
  const seeds = request.seeds?.map(seedOf) ?? [usualSeed];
  for (const name of request.tasks ?? []) findTask(name);
  for (const seed of seeds)
    if (request.encoders !== undefined) await planEncoders(request.encoders, seed, request);
  const suite = await loadSuite(request.suite, { quiet });
  const tasks = tasksOf(suite, request.tasks);
  const stored: StoredRecord[] = [];
  for (const seed of seeds) {
    const encoders: Encoder[] = await planEncoders(request.encoders ?? suite.encoders, seed, request);
    for (const text of encoders.flatMap(remarksOn)) request.remark?.(text);
    const outFolder = seeds.length === 1 ? out : join(out, `seed-${seed}`);
    const records = await runSuite({ tasks, encoders, outFolder, engine, seed, quiet, signal, maxBadShare });
    for (const record of records) {
      stored.push({ path: recordFolder(outFolder, record.encoder.name, record.task.name), record });
    }
  }
  return compareRecords(stored);
}

function seedOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UserError(`--seeds '${text}' is no seed`, { mend: 'Give whole numbers from 0: 1,2,3' });
}

function tasksOf(suite: Suite, names: readonly string[] | undefined): readonly SuiteTask[] {
  if (names === undefined) return suite.tasks;
  return names.map((name) => {
    const task = suite.tasks.find((one) => one.name === name);
    if (task !== undefined) return task;
    const known = suite.tasks.map((one) => one.name);
    throw new UserError(`the suite ${suite.name} has no task '${name}'`, { mend: mendOfName(name, known) });
  });
}
