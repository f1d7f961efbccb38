/** @file Renews the gate's baseline on purpose: fresh records and predictions take the places of the old ones, all or none. */
import { randomUUID } from 'node:crypto';
import { cp, mkdir, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { UserError } from '../../base/errors.js';
import { cannotWrite, systemCode } from '../../base/files.js';
import { layersFileName, layersLinesFileName } from '../layers-file.js';
import { readPredictions } from '../predictions.js';
import type { StoredRecord } from '../record.js';
import { hasRecords, readRecords } from '../store.js';
import { openTensors } from '../tensors.js';
import { type GateOptions, type GateReport, judge, pairsOf } from './verdict.js';

export interface RenewOptions extends GateOptions {
  /** Renew what there is; what has no fresh result stays. */
  readonly incomplete: boolean;
  /** Take in fresh results that the baseline lacks. */
  readonly add: boolean;
}

/** What became of a baseline; results by name: `tiny on ks, seed 1337`. */
export interface Renewal {
  /** The fresh results beside the baseline that was; no cells where there was none. */
  readonly report: GateReport;
  readonly renewed: readonly string[];
  /** Without a fresh result. */
  readonly kept: readonly string[];
  readonly added: readonly string[];
  /** Fresh results that the baseline lacks, and that were not asked for. */
  readonly leftOut: readonly string[];
}

/**
 * Puts fresh results into a baseline's folder, in the places that they have under `results`. Where there is no baseline
 * yet, it becomes one of all results.
 * @throws UserError where a fresh result is missing (unless `incomplete`) or damaged, and when the folder cannot be written: the
 * baseline is then as it was
 */
export async function renewBaseline(
  baseline: string,
  results: string,
  options: RenewOptions,
): Promise<Renewal> {
  const folder = await folderOf(baseline);
  const root = await realpath(results).catch(() => resolve(results));
  if (!(await isFolder(root)))
    throw new UserError('is one record, not a folder of results', {
      file: results,
      hint: "Give the folder that 'ehmam run --out' writes to",
    });
  await takeUp(folder);
  const old = (await isFolder(folder)) && (await hasRecords([folder])) ? await readRecords([folder]) : [];
  const fresh = await readRecords([root]);
  const plan = planOf(old, fresh, options);
  if (plan.missing.length > 0 && !options.incomplete)
    throw new UserError(`the results lack ${plan.missing.join(', ')}, which the baseline has`, {
      file: results,
      hint: 'Finish the run, or add --incomplete: what is missing stays as it was',
    });
  for (const stored of plan.taken) await checkWhole(stored);
  const report = await judge(old, fresh, options);
  const places = plan.taken.map((stored) => ({ stored, place: relative(root, dirname(stored.path)) }));
  await swapped(folder, async (copy) => {
    for (const { path, record } of plan.replaced)
      await removeResult(join(copy, relative(folder, dirname(path))), [
        basename(path),
        record.predictions,
        record.tensors?.file,
      ]);
    for (const { stored, place } of places) await copyResult(stored, join(copy, place), baseline);
  });
  const { kept, taken, added, leftOut } = plan;
  const isNew = new Set(added);
  return {
    report,
    renewed: taken.filter((stored) => !isNew.has(stored)).map(nameOf),
    kept: kept.map(nameOf),
    added: added.map(nameOf),
    leftOut: leftOut.map(nameOf),
  };
}

interface Plan {
  /** Of the baseline: those that go, and those without a fresh result. */
  readonly replaced: readonly StoredRecord[];
  readonly kept: readonly StoredRecord[];
  /** Those that come, the added ones among them. */
  readonly taken: readonly StoredRecord[];
  readonly added: readonly StoredRecord[];
  readonly leftOut: readonly StoredRecord[];
  /** Of the baseline, seed by seed. */
  readonly missing: readonly string[];
}

function planOf(
  old: readonly StoredRecord[],
  fresh: readonly StoredRecord[],
  { add }: Pick<RenewOptions, 'add'>,
): Plan {
  const replaced: StoredRecord[] = [];
  const kept: StoredRecord[] = [];
  const paired = new Set<StoredRecord>();
  const taken: StoredRecord[] = [];
  const missing: string[] = [];
  for (const { before, after = [] } of pairsOf(old, fresh)) {
    const seeds = new Set(after.map(({ record }) => record.seed));
    for (const stored of after) paired.add(stored);
    missing.push(...before.filter(({ record }) => !seeds.has(record.seed)).map(nameOf));
    // The seeds of a result are compared together: they are renewed together.
    (after.length === 0 ? kept : replaced).push(...before);
    taken.push(...after);
  }
  const unknown = fresh.filter((stored) => !paired.has(stored));
  const [added, leftOut] = add || old.length === 0 ? [unknown, []] : [[], unknown];
  return { replaced, kept, taken: [...taken, ...added], added, leftOut, missing };
}

const nameOf = ({ record: { encoder, task, seed } }: StoredRecord): string =>
  `${encoder.name} on ${task.name}, seed ${seed}`;

/** @throws UserError where predictions or tensors are missing, or are not the record's own */
async function checkWhole(stored: StoredRecord): Promise<void> {
  for await (const _ of readPredictions(stored));
  await (await openTensors(stored))?.close();
}

async function removeResult(place: string, names: readonly (string | undefined)[]): Promise<void> {
  for (const name of [...names, layersFileName, layersLinesFileName])
    if (name !== undefined) await rm(join(place, name), { force: true });
  // Where nothing else lies there, nor above it.
  for (let folder = place; (await readdir(folder)).length === 0; folder = dirname(folder))
    await rmdir(folder);
}

async function copyResult({ path, record }: StoredRecord, place: string, baseline: string): Promise<void> {
  if (await stat(join(place, basename(path))).catch(() => undefined))
    throw new UserError(`another result is in the place of ${nameOf({ path, record })}`, {
      file: join(baseline, basename(dirname(place)), basename(place)),
      hint: 'Write the results into a folder of the layout that the baseline has',
    });
  await mkdir(place, { recursive: true });
  for (const name of [record.predictions, record.tensors?.file, basename(path)])
    if (name !== undefined) await cp(join(dirname(path), name), join(place, name));
}

/** Where the folder lies, behind links. */
async function folderOf(baseline: string): Promise<string> {
  const folder = await realpath(baseline).catch(() => resolve(baseline));
  if ((await stat(folder).catch(() => undefined))?.isFile())
    throw new UserError('is one record, not a folder: it cannot be renewed', {
      file: baseline,
      hint: 'Give the folder of the baseline',
    });
  return folder;
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() === true;

const beforeName = (folder: string): string => join(dirname(folder), `.${basename(folder)}.before-update`);

/** Between its two renames a killed update leaves the baseline under another name. */
async function takeUp(folder: string): Promise<void> {
  const before = beforeName(folder);
  if (!(await isFolder(before))) return;
  if (await isFolder(folder)) await rm(before, { recursive: true, force: true });
  else await rename(before, folder);
}

/** Changes a copy of a folder, which takes its place when all of it is there. */
async function swapped(folder: string, change: (copy: string) => Promise<void>): Promise<void> {
  const copy = join(dirname(folder), `.${basename(folder)}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`);
  const before = beforeName(folder);
  try {
    await mkdir(dirname(folder), { recursive: true });
    if (await isFolder(folder)) await cp(folder, copy, { recursive: true, preserveTimestamps: true });
    else await mkdir(copy);
    await change(copy);
    if (await isFolder(folder)) await rename(folder, before);
    await rename(copy, folder);
    await rm(before, { recursive: true, force: true });
  } catch (error) {
    if (!(await isFolder(folder)) && (await isFolder(before))) await rename(before, folder);
    throw systemCode(error) === undefined ? error : cannotWrite(folder, error);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
