/** @file Which runs of pre-training are behind the encoders of a page: found wherever the folders were moved. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../../base/errors.js';
import type { Comparison } from '../compare.js';
import type { ResultRecord, StoredRecord } from '../record.js';

/** A run of `ehmam pretrain` that an encoder of the page came from, or that was asked for besides. */
export interface PretrainingRun {
  readonly label: string;
  readonly colour: number;
  readonly folder: string;
}

/** The hash of the encoder that a folder holds now; undefined where there is none yet. */
export type HashOfFolder = (folder: string) => Promise<string | undefined>;

/** What runs are looked for with, besides the results. */
export interface RunSearch {
  /** Folders given, of one run or with runs below: each is of the encoder that has its weights. */
  readonly folders: readonly string[];
  readonly hashOf: HashOfFolder;
  /** Told of what could not be shown. */
  readonly remark: (why: string) => void;
}

export interface FoundRuns {
  readonly runs: readonly PretrainingRun[];
  /** A line for each encoder of ours whose run is nowhere. */
  readonly missing: readonly string[];
}

/**
 * The runs behind the encoders of a comparison: folders given, the folder that a record's SPEC names, and folders of runs
 * beside or below the results, wherever these were moved. A folder that holds other weights than those of the results is no
 * run behind them, whatever its name.
 * @throws UserError for a folder given that holds no log
 */
export async function pretrainingRuns(
  comparison: Comparison,
  records: readonly StoredRecord[],
  { folders, hashOf, remark }: RunSearch,
): Promise<FoundRuns> {
  const left = new Set<string>();
  for (const folder of folders) for (const run of await givenRuns(folder)) left.add(run);
  const byPath = new Map(records.map((stored) => [stored.path, stored]));
  const runs: PretrainingRun[] = [];
  const missing: string[] = [];
  for (const [colour, { label, encoder, encoderHash, cells }] of comparison.rows.entries()) {
    const stored = byPath.get(cells.find((cell) => cell?.paths[0] !== undefined)?.paths[0] ?? '');
    if (stored === undefined) continue;
    const { spec } = stored.record.encoder;
    const namesakes = comparison.rows.filter((row) => row.encoder === encoder).length;
    const isNamed = (folder: string): boolean => [encoder, basename(spec)].includes(basename(folder));
    const found = isPretrained(stored.record) ? await runsAround(stored) : [];
    const candidates = [...[...left].sort((a, b) => Number(isNamed(b)) - Number(isNamed(a))), ...found];
    let other: string | undefined;
    for (const folder of new Set(candidates)) {
      const hash = await hashOf(folder);
      // A run that has no encoder yet may be meant by its name, where one alone has it.
      const meant = hash === undefined ? isNamed(folder) && namesakes === 1 : hash === encoderHash;
      if (!meant) {
        if (isNamed(folder) && !left.has(folder)) other ??= folder;
        continue;
      }
      left.delete(folder);
      runs.push({ label, colour, folder });
      break;
    }
    if (runs.some((run) => run.colour === colour) || !isPretrained(stored.record)) continue;
    missing.push(
      other === undefined
        ? `no training curves of ${label}: found no folder ${spec} with a log in or next to the results; name it with --encoders`
        : `no training curves of ${label}: the weights in ${other} differ from those of its results`,
    );
  }
  for (const line of missing) remark(line);
  const labels = new Set(comparison.rows.map(({ label }) => label));
  const others = [...left].map((folder, i) => {
    const twin = [...left].some((each) => each !== folder && basename(each) === basename(folder));
    const label = twin || labels.has(basename(folder)) ? folder : basename(folder);
    return { label, folder, colour: comparison.rows.length + i };
  });
  return { runs: [...runs, ...others], missing };
}

/** Files that encoders of others are in. A run's folder may have a dot in its name, too: `tiny.random.seed1`. */
const fileOfOthers = /\.(pt|pth|bin|ckpt|safetensors|onnx)$/i;

/** Whether an encoder may be one of `ehmam pretrain`: not one that is made from a name, nor a file of others. */
function isPretrained({ encoder: { family, spec } }: ResultRecord): boolean {
  return family === 'ehmam' && !/^(random|hf):/.test(spec) && !fileOfOthers.test(spec);
}

async function givenRuns(folder: string): Promise<readonly string[]> {
  if (await hasLog(folder)) return [folder];
  const below = await runsBelow(folder);
  if (below.length > 0) return below;
  throw new UserError('contains no pre-training log', {
    file: folder,
    hint: "Pass folders written by 'ehmam pretrain --out'",
  });
}

/** Where suites and people keep encoders, beside results or in their folder. */
const usualPlaces = ['', 'encoders', 'runs'] as const;

/** Folders of runs that a record may be of: what its SPEC names, and what has its name near the record. */
async function runsAround({ path, record }: StoredRecord): Promise<string[]> {
  const { name, spec } = record.encoder;
  // <results>/<encoder>/<task>/record.json, and folders of seeds between.
  const above = [1, 2, 3, 4, 5].map((levels) => resolve(path, ...new Array<string>(levels).fill('..')));
  const named = above.flatMap((folder) => [
    join(folder, spec),
    ...usualPlaces.flatMap((place) => [basename(spec), name].map((each) => join(folder, place, each))),
  ]);
  const found: string[] = [];
  for (const folder of [...new Set([spec, ...named])]) if (await hasLog(folder)) found.push(folder);
  // A run of another name lies below the results at most.
  return found.length > 0 ? found : runsBelow(above[2] ?? '.');
}

const [deepest, mostFolders] = [4, 2000];

/** Folders with a log, in and below a folder. */
async function runsBelow(root: string): Promise<string[]> {
  const found: string[] = [];
  let level = [root];
  let seen = 0;
  for (let depth = 0; depth <= deepest && seen < mostFolders; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (seen++ >= mostFolders) break;
      if (await hasLog(folder)) {
        found.push(folder);
        continue;
      }
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries)
        if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
          next.push(join(folder, entry.name));
    }
    level = next;
  }
  return found.sort();
}

/** A line a step, in the folder of a run. */
export const logOf = (folder: string): string => join(folder, 'log.jsonl');

const hasLog = (folder: string): Promise<boolean> =>
  stat(logOf(folder)).then(
    (found) => found.isFile(),
    () => false,
  );
