/** @file The plan of a suite: everything checked before any work starts. */
import { createHash, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { builtInTasks, findTask } from '../../tasks/index.js';
import { type Head, type Split, splits, type Task, type TaskData } from '../../tasks/task.js';
import { loadUtterances, type ManifestHashes, manifestHashes } from '../data/manifest.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import { isOfficialFile, type LoadOptions, loadEncoder } from '../encoders/load.js';
import { UserError } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import { type PresetName, presetSettings } from '../heads/presets.js';
import {
  type CtcSettings,
  ctcSettingsSchema,
  type PooledSettings,
  parseSettings,
  pooledSettingsSchema,
} from '../heads/settings.js';
import { recordedPath } from '../results/places.js';
import type { SuiteTask } from './definition.js';

/** What is wrong lies in a suite's data, not in the suite: the rest of it can be done. */
export class DataError extends UserError {
  /** An error met while data was read; what is no fault of the data passes as it is. */
  static of(error: unknown): unknown {
    if (!(error instanceof UserError)) return error;
    return new DataError(error.message, { exitCode: error.exitCode, cause: error.cause });
  }
}

/** Hashes a manifest: its file, its root, the share of audio that may be missing. */
export type HashManifest = (file: string, root?: string, mostMissing?: number) => Promise<ManifestHashes>;

/** A task with its data, head and settings. */
export interface PlannedTask {
  readonly task: Task;
  /** As records name it, and its hash. */
  readonly manifest: { readonly path: string; readonly hash: string };
  /** Of the audio alone: features are known by it. */
  readonly hashes: ManifestHashes;
  readonly data: TaskData;
  /** Train, dev, test, one after the other: the order in which features are kept. */
  readonly utterances: readonly Utterance[];
  readonly head: PlannedHead;
  /** `clean` or `superb`, and a digest of the settings where they differ from the preset's. */
  readonly preset: string;
}

export type PlannedHead =
  | {
      readonly kind: 'pooled-linear';
      readonly spec: Extract<Head, { kind: 'pooled-linear' }>;
      readonly settings: PooledSettings;
    }
  | {
      readonly kind: 'frame-ctc';
      readonly spec: Extract<Head, { kind: 'frame-ctc' }>;
      readonly settings: CtcSettings;
    };

/** How heads are to be trained, where the suite does not say it itself. */
export interface Training {
  /** Default `clean`. */
  readonly preset?: PresetName | undefined;
  /** In place of those of preset and suite. */
  readonly learningRates?: readonly number[] | undefined;
}

/**
 * Reads and checks the manifest and settings of one task.
 * @param mostMissing the share of utterances whose audio may be missing
 * @param hashesOf gives the manifest's hashes where they are known: making them reads a part of every audio file
 * @throws UserError for an unknown task, what is wrong in the manifest, and a wrong setting
 */
export async function planTask(
  wanted: SuiteTask,
  tasks: readonly Task[] = builtInTasks,
  training: Training = {},
  mostMissing = 0,
  hashesOf: HashManifest = manifestHashes,
): Promise<PlannedTask> {
  const task = findTask(wanted.name, tasks);
  const { manifest, root } = wanted;
  const read = { root, columns: task.columns, splits, mostMissing };
  const all = await loadUtterances(manifest, read).catch((error: unknown) => {
    throw DataError.of(error);
  });
  const of = (split: Split): Utterance[] => all.filter((utterance) => utterance.split === split);
  const data: TaskData = { train: of('train'), dev: of('dev'), test: of('test') };
  const { preset = 'clean' } = training;
  const head = planHead(headOf(task, data), wanted, training);
  const hashes = await hashesOf(manifest, root, mostMissing);
  return {
    task,
    manifest: { path: wanted.recordedAs ?? recordedPath(manifest), hash: hashes.rows },
    hashes,
    data,
    utterances: splits.flatMap((split) => data[split]),
    head,
    preset: presetOf(head, preset),
  };
}

function headOf(task: Task, data: TaskData): Head {
  try {
    return task.head(data);
  } catch (error) {
    throw DataError.of(error);
  }
}

function planHead(spec: Head, { name, settings }: SuiteTask, training: Training): PlannedHead {
  const place = `task '${name}'`;
  const { preset = 'clean', learningRates } = training;
  const all = {
    ...presetSettings(preset, spec.kind),
    ...settings,
    ...(learningRates !== undefined && { learningRates: [...learningRates] }),
  };
  return spec.kind === 'pooled-linear'
    ? { kind: spec.kind, spec, settings: parseSettings(pooledSettingsSchema, all, place) }
    : { kind: spec.kind, spec, settings: parseSettings(ctcSettingsSchema, all, place) };
}

/** Names the way heads are trained, so that results of other settings are never taken for these. */
function presetOf({ kind, settings }: PlannedHead, preset: PresetName): string {
  const schema = kind === 'pooled-linear' ? pooledSettingsSchema : ctcSettingsSchema;
  const [own, usual] = [canonical(settings), canonical(schema.parse(presetSettings(preset, kind)))];
  return own === usual ? preset : `${preset}-${createHash('sha256').update(own).digest('hex').slice(0, 8)}`;
}

/** JSON with the names in order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/**
 * Loads what the SPECs name; encoders that are loaded already pass.
 * @param options `weights` is for the SPECs that are files of the official trainer
 * @throws UserError as `loadEncoder`, for two encoders of one name, and for `weights` that are no one's
 */
export async function planEncoders(
  wanted: readonly (string | Encoder)[],
  seed: number,
  { weights, ...options }: LoadOptions = {},
): Promise<Encoder[]> {
  if (wanted.length === 0) {
    throw new UserError('no encoder is given', { mend: 'Name at least one, fbank for example' });
  }
  const encoders: Encoder[] = [];
  let chosen = false;
  for (const entry of wanted) {
    if (typeof entry !== 'string') {
      encoders.push(entry);
      continue;
    }
    const official = await isOfficialFile(entry);
    chosen ||= official;
    encoders.push(await loadEncoder(entry, seed, { ...options, ...(official && { weights }) }));
  }
  if (weights !== undefined && !chosen) {
    throw new UserError('none of the encoders has a student and a teacher to choose from', {
      mend: 'Leave --weights out: it is for checkpoints of the official trainer (.pt)',
    });
  }
  for (const [i, { name, spec }] of encoders.entries()) {
    const other = encoders.slice(0, i).find((encoder) => encoder.name === name);
    if (other !== undefined) {
      throw new UserError(`'${other.spec}' and '${spec}' would both be called '${name}' in the results`, {
        mend: 'Rename one of the folders, or evaluate them into different results folders',
      });
    }
  }
  return encoders;
}

/** @throws UserError when two tasks of a suite have one name: their results would stand in one place */
export function checkTaskNames(tasks: readonly SuiteTask[]): void {
  for (const [i, { name }] of tasks.entries()) {
    if (tasks.findIndex((task) => task.name === name) !== i) {
      throw new UserError(`the suite has the task '${name}' twice`, {
        mend: 'Make it two suites with results folders of their own',
      });
    }
  }
}

/** @throws UserError when nothing can be written into the folder */
export async function checkWritable(folder: string): Promise<void> {
  // Several runs may share a folder: the probe of each has a name of its own.
  const probe = join(resolve(folder), `.can-be-written-${randomUUID()}`);
  await writeFileAtomic(probe, '');
  await rm(probe);
}
