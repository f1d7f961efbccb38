/** @file An evaluation from what the command line says. */
import { join } from 'node:path';
import { findTask } from '../../../tasks/index.js';
import { loadTasks } from '../../../tasks/plugin.js';
import type { Encoder } from '../../encoders/encoder.js';
import type { LoadOptions } from '../../encoders/load.js';
import type { EngineName, ProviderName } from '../../engine/engine.js';
import { UserError } from '../../errors.js';
import { type PresetName, searchedRates } from '../../heads/presets.js';
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
  /** Seeds, or one number: how many, from SUPERB's onwards. */
  readonly seeds: readonly string[] | undefined;
  /** Default `clean`. */
  readonly preset?: PresetName | undefined;
  /** `search`, or a number (default: what preset and suite say). */
  readonly lr?: string | undefined;
  /** Modules with further tasks. */
  readonly plugins?: readonly string[] | undefined;
  readonly out: string;
  /** The share of utterances whose audio may be missing or unusable. */
  readonly maxBadShare?: number;
  readonly engine: { readonly name: EngineName; readonly provider: ProviderName; readonly threads?: number };
  readonly quiet: boolean;
  /** Whether heads go on from their checkpoints (default true). */
  readonly resume?: boolean | undefined;
  /** Seconds between the checkpoints of a head. */
  readonly checkpointSeconds?: number | undefined;
  /** Told what is to be known of how encoders were read, and of what trainings go on from. */
  readonly remark?: (text: string) => void;
  readonly signal: AbortSignal;
}

/** SUPERB's. */
const usualSeed = 1337;
const mostSeeds = 100;

/**
 * Checks names and SPECs (before a corpus is made), runs the suite for every seed, and compares the results.
 * @throws UserError for whatever is wrong in the call or its input
 */
export async function runFromSuite(request: RunRequest): Promise<Comparison> {
  const { out, engine, quiet, signal, maxBadShare } = request;
  const seeds = seedsOf(request.seeds);
  const training = { preset: request.preset, learningRates: ratesOf(request.lr) };
  const knownTasks = await loadTasks(request.plugins ?? []);
  for (const name of request.tasks ?? []) findTask(name, knownTasks);
  for (const seed of seeds)
    if (request.encoders !== undefined) await planEncoders(request.encoders, seed, request);
  const suite = await loadSuite(request.suite, { quiet });
  const tasks = tasksOf(suite, request.tasks);
  const stored: StoredRecord[] = [];
  for (const { group, encoders } of await groupsOf(request, suite, seeds)) {
    for (const text of encoders.flatMap(remarksOn)) request.remark?.(text);
    const ofSeeds = seeds.length > 1 ? { seeds: group } : { seed: group[0] ?? usualSeed };
    const records = await runSuite({
      tasks,
      encoders,
      outFolder: out,
      engine,
      training,
      quiet,
      signal,
      knownTasks,
      maxBadShare,
      resume: request.resume,
      checkpointSeconds: request.checkpointSeconds,
      remark: request.remark,
      ...ofSeeds,
    });
    for (const record of records) {
      const folder = seeds.length > 1 ? join(out, `seed-${record.seed}`) : out;
      stored.push({ path: recordFolder(folder, record.encoder.name, record.task.name), record });
    }
  }
  return compareRecords(stored);
}

/** Encoders with the seeds whose heads can be trained together: a random encoder is another one with every seed. */
async function groupsOf(
  request: RunRequest,
  suite: Suite,
  seeds: readonly number[],
): Promise<{ readonly group: number[]; readonly encoders: Encoder[] }[]> {
  const groups = new Map<string, { group: number[]; encoders: Encoder[] }>();
  for (const seed of seeds) {
    const encoders = await planEncoders(request.encoders ?? suite.encoders, seed, request);
    for (const encoder of encoders) {
      const known = groups.get(encoder.hash);
      if (known === undefined) groups.set(encoder.hash, { group: [seed], encoders: [encoder] });
      else if (!known.group.includes(seed)) known.group.push(seed);
    }
  }
  // Encoders of the same seeds run in one go.
  const merged = new Map<string, { group: number[]; encoders: Encoder[] }>();
  for (const { group, encoders } of groups.values()) {
    const same = merged.get(group.join());
    if (same === undefined) merged.set(group.join(), { group, encoders });
    else same.encoders.push(...encoders);
  }
  return [...merged.values()];
}

function seedsOf(texts: readonly string[] | undefined): number[] {
  const [only, ...others] = (texts ?? []).map(seedOf);
  if (only === undefined) return [usualSeed];
  if (others.length > 0) return [...new Set([only, ...others])];
  if (only < 1 || only > mostSeeds)
    throw new UserError(`--seeds ${only} is how many seeds`, {
      mend: `Give 1 to ${mostSeeds}, or the seeds themselves: 1,2,3`,
    });
  return Array.from({ length: only }, (_, i) => usualSeed + i);
}

function ratesOf(lr: string | undefined): readonly number[] | undefined {
  if (lr === undefined) return undefined;
  if (lr === 'search') return searchedRates;
  const rate = Number(lr);
  if (rate > 0 && Number.isFinite(rate)) return [rate];
  throw new UserError(`--lr '${lr}' is no learning rate`, { mend: "Give a number above 0, or 'search'" });
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
