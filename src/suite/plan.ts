/** @file The plan of a suite: everything checked before any work starts. */
import { createHash, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { HeadKind } from '../api/head-kind.js';
import type { HeadSpec } from '../api/head-spec.js';
import type { PresetName } from '../api/presets.js';
import { type Split, splits, splitsOf, type Task, type TaskData } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { sha256OfFile, writeFileAtomic } from '../base/files.js';
import { type CropSettings, cropper } from '../data/cropping.js';
import { loadUtterances, type ManifestHashes, manifestHashes } from '../data/manifest.js';
import type { ReadPairs } from '../data/pairs.js';
import type { Utterance } from '../data/rows.js';
import { headKinds } from '../heads/registry.js';
import { parseSettings } from '../heads/settings.js';
import { knownTasks } from '../plugins/known-tasks.js';
import { recordedPath } from '../results/places.js';
import { type PlannedFold, planFolds } from './folds.js';
import { checkPairsGiven, hashesWithPairs, readTaskPairs, withPairsOf } from './pairs.js';
import { type ReadingSettings, readingOf, withEffects } from './reading.js';
import type { SuiteTask } from './schema.js';

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
  /** As records name it, and its hash: over the rows and the audio, and over crops and pairs where there are any. */
  readonly manifest: { readonly path: string; readonly hash: string };
  /** The file of pairs, of a task that judges pairs. */
  readonly pairs?: { readonly path: string; readonly hash: string } | undefined;
  /** Of the audio alone: features are known by it. */
  readonly hashes: ManifestHashes;
  readonly data: TaskData;
  /** Train, dev, test, one after the other: the order in which features are kept. */
  readonly utterances: readonly Utterance[];
  /** With folds, what the first one asks for. */
  readonly head: PlannedHead;
  /** Of a task that is cross-validated: a head is trained on each. */
  readonly folds?: readonly PlannedFold[] | undefined;
  /** `clean` or `superb`, its edition where it was changed, and a digest of the settings where they differ from the preset's. */
  readonly preset: string;
}

/** What is trained: a head of a kind, with the kind's settings. */
export interface PlannedHead {
  readonly kind: HeadKind;
  readonly spec: HeadSpec;
  readonly settings: unknown;
  /** What it reads, whatever its kind. */
  readonly reading: ReadingSettings;
}

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
  training: Training = {},
  mostMissing = 0,
  hashesOf: HashManifest = manifestHashes,
): Promise<PlannedTask> {
  const task = knownTasks.find(wanted.name);
  checkHeadSettings(wanted, training);
  const { manifest, root, pairs: file } = wanted;
  checkPairsGiven(task, file);
  const { optionalSplits } = task;
  const needed = task.folds === undefined ? { splits: splitsOf(task), optionalSplits } : {};
  const read = { root, columns: task.columns, mostMissing, ...needed };
  const all = await loadUtterances(manifest, read).catch((error: unknown) => {
    throw DataError.of(error);
  });
  const of = (split: Split): Utterance[] => all.filter((utterance) => utterance.split === split);
  const utterancesOnly: TaskData = { train: of('train'), dev: of('dev'), test: of('test') };
  const pairs = await pairsOf(task, file, utterancesOnly);
  const rows = pairs === undefined ? utterancesOnly : { ...utterancesOnly, pairs: pairs.pairs };
  const folds = ofData(() => planFolds(task, rows));
  const head = planHead(folds?.[0]?.spec ?? ofData(() => task.head(rows)), task, wanted, training);
  const crops = head.kind.crops?.(head.settings);
  const heard = withEffects(rows, head.reading);
  const data = crops === undefined ? heard : await croppedData(task, heard, crops, wanted.manifest);
  const utterances = splits.flatMap((split) => data[split]);
  const ownHashes = withChanges(await hashesOf(manifest, root, mostMissing), utterances);
  const hashes = hashesWithPairs(ownHashes, pairs, file);
  return {
    task,
    manifest: { path: wanted.recordedAs ?? recordedPath(manifest), hash: hashes.rows },
    ...(file !== undefined &&
      pairs !== undefined && { pairs: { path: recordedPath(file), hash: pairs.hash } }),
    hashes,
    data,
    utterances,
    head,
    folds,
    preset: await presetOf(head, task, training),
  };
}

/** @throws DataError for the first pair that cannot be used, or the file */
async function pairsOf(task: Task, file: string | undefined, data: TaskData): Promise<ReadPairs | undefined> {
  try {
    const pairs = await readTaskPairs(task, file, data);
    const [complaint] = pairs?.complaints ?? [];
    if (complaint !== undefined) throw complaint;
    return pairs;
  } catch (error) {
    throw DataError.of(error);
  }
}

/** What a task makes of its data; what it throws is the data's fault. */
function ofData<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw DataError.of(error);
  }
}

/**
 * Checks the settings of a task's head without its data, where the task says which kind of head it asks for.
 * @throws UserError for an unknown task and a wrong setting
 */
export function checkHeadSettings(wanted: SuiteTask, training: Training): void {
  const task = knownTasks.find(wanted.name);
  if (task.headKind !== undefined) headSettings(headKinds.find(task.headKind), task, wanted, training);
}

function planHead(spec: HeadSpec, task: Task, wanted: SuiteTask, training: Training): PlannedHead {
  const { headKind = spec.kind } = task;
  if (spec.kind !== headKind) {
    throw new UserError(`task '${task.name}' asks for a head of kind '${spec.kind}'`, {
      hint: `Its headKind is '${headKind}': correct the task`,
    });
  }
  const kind = headKinds.find(spec.kind);
  return { kind, spec, ...headSettings(kind, task, wanted, training) };
}

/** The settings of a head and of what it reads: of the preset, the task, the suite and the command line. */
function headSettings(
  kind: HeadKind,
  task: Task,
  wanted: SuiteTask,
  training: Training,
): Pick<PlannedHead, 'settings' | 'reading'> {
  const { learningRates, preset = 'clean' } = training;
  const all = {
    ...usualSettings(kind, task, preset),
    ...placedSettings(kind, wanted),
    ...(learningRates !== undefined && kind.trainsNothing !== true && { learningRates: [...learningRates] }),
  };
  const place = `task '${task.name}'`;
  const { reading, own } = readingOf(all, place, wanted.settingsSource);
  return { settings: parseSettings(kind.settings, own, place, wanted.settingsSource), reading };
}

/** What the preset sets for this task's head; the rest is the settings' own default. */
const usualSettings = (
  { presets }: HeadKind,
  task: Pick<Task, 'settings'>,
  preset: PresetName,
): Readonly<Record<string, unknown>> => ({ ...presets?.[preset], ...task.settings?.[preset] });

/** All settings of a task's head where nothing but the preset is given: those of its kind, and how hidden states are read. */
export function presetSettings(
  kind: HeadKind,
  task: Pick<Task, 'settings'>,
  preset: PresetName,
): { readonly settings: unknown; readonly reading: ReadingSettings } {
  const { own, reading } = readingOf(usualSettings(kind, task, preset), `preset ${preset}`);
  return { settings: kind.settings.parse(own), reading };
}

/** The suite's settings, files found from its folder. */
function placedSettings({ files = [] }: HeadKind, { settings = {}, folder }: SuiteTask) {
  if (folder === undefined) return settings;
  const placed = (file: unknown): unknown => (typeof file === 'string' ? resolve(folder, file) : file);
  return files.reduce((all, path) => changedAt(all, path, placed), settings);
}

type Settings = Readonly<Record<string, unknown>>;

/** A copy of nested settings with the value at a path changed, where there is one. */
function changedAt(
  settings: Settings,
  [name = '', ...inner]: readonly string[],
  change: (value: unknown) => unknown,
): Settings {
  const value = settings[name];
  if (value === undefined) return settings;
  if (inner.length === 0) return { ...settings, [name]: change(value) };
  return isSettings(value) ? { ...settings, [name]: changedAt(value, inner, change) } : settings;
}

const isSettings = (value: unknown): value is Settings => typeof value === 'object' && value !== null;

async function croppedData(
  task: Task,
  rows: TaskData,
  crops: CropSettings,
  manifest: string,
): Promise<TaskData> {
  if (task.crop === undefined || task.folds !== undefined) {
    throw new UserError(`the setting 'crops' does not apply to the task '${task.name}'`, {
      hint: 'Remove it',
    });
  }
  const data = withPairsOf(rows, await task.crop(rows, cropper(crops)));
  const ids = new Set<string>();
  for (const { id } of splits.flatMap((split) => data[split])) {
    if (ids.has(id)) {
      throw new UserError(`duplicate id '${id}': a crop and another utterance would have it`, {
        file: manifest,
        hint: 'Rename the utterance',
      });
    }
    ids.add(id);
  }
  return data;
}

/** The manifest's own hashes where no utterance was cut and its audio not changed, else others; those of the same changes stay. */
function withChanges(hashes: ManifestHashes, utterances: readonly Utterance[]): ManifestHashes {
  const isChanged = ({ cropOf, gainDecibels, withoutSilence }: Utterance): boolean =>
    cropOf !== undefined || gainDecibels !== undefined || withoutSilence !== undefined;
  if (!utterances.some(isChanged)) return hashes;
  const sha256 = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');
  const crops = sha256(
    utterances.map(({ id, split, startSeconds, durationSeconds, gainDecibels, withoutSilence, window }) => [
      id,
      split,
      startSeconds,
      durationSeconds,
      ...(gainDecibels === undefined ? [] : [gainDecibels]),
      ...(withoutSilence === undefined ? [] : [{ withoutSilence, window }]),
    ]),
  );
  if (hashes.crops === crops) return hashes;
  const known = utterances.flatMap(({ durationSeconds }) => durationSeconds ?? []);
  const mean = known.reduce((sum, seconds) => sum + seconds, 0) / known.length;
  return {
    rows: sha256([hashes.rows, crops]),
    audio: sha256([hashes.audio, crops]),
    seconds: known.length === 0 ? hashes.seconds : mean * utterances.length,
    crops,
    unchanged: hashes.rows,
  };
}

/** Names the way heads are trained, so that results of other settings are never taken for these. */
async function presetOf(
  { kind, settings, reading }: PlannedHead,
  task: Task,
  { preset = 'clean' }: Training,
): Promise<string> {
  const named = presetSettings(kind, task, preset);
  const usual = canonical(allSettings(named.settings, named.reading));
  const own = canonical(allSettings(await withContents(kind, settings), reading));
  const edition = kind.editions?.[preset];
  if (own === usual) return edition === undefined ? preset : `${preset}-${edition}`;
  return `${preset}-${createHash('sha256').update(own).digest('hex').slice(0, 8)}`;
}

/** Those of the kind and those of reading as one. */
const allSettings = (own: unknown, reading: ReadingSettings): unknown => ({ ...(own as object), ...reading });

/** Settings with the hashes of files for their paths: what they hold decides the result. */
async function withContents({ files = [] }: HeadKind, settings: unknown): Promise<unknown> {
  let known = settings;
  for (const path of files) {
    const file = path.reduce<unknown>((value, name) => (isSettings(value) ? value[name] : undefined), known);
    if (typeof file !== 'string' || !isSettings(known)) continue;
    const hash = await sha256OfFile(file);
    known = changedAt(known, path, () => hash);
  }
  return known;
}

/** JSON with the names in order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** @throws UserError when two tasks of a suite have one name: their results would stand in one place */
export function checkTaskNames(tasks: readonly SuiteTask[]): void {
  for (const [i, { name }] of tasks.entries()) {
    if (tasks.findIndex((task) => task.name === name) !== i) {
      throw new UserError(`duplicate task '${name}' in the suite`, {
        hint: 'Use two suites with separate results folders',
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
