/** @file What a trained head is judged on: utterances of a manifest, checked against what it can say, and their features. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HeadKind } from '../api/head-kind.js';
import { splits, type Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { closestName } from '../base/names.js';
import { loadUtterances, manifestHashes, type Utterance } from '../data/manifest.js';
import { type ReadPairs, readPairs } from '../data/pairs.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import type { FeatureKind } from '../features/encoding.js';
import type { Features } from '../features/reader.js';
import { someLayers } from '../features/some-layers.js';
import { type FeatureStorage, openFeatures, storeName } from '../features/store.js';
import { type TrainedHead, usualFrameType } from '../heads/trained.js';
import type { NewSplit } from '../results/evaluation-file.js';
import { withEffectsOn } from './reading.js';

/** Which utterances, and how their features are made. */
export interface DataRequest {
  readonly manifest: string;
  readonly root?: string | undefined;
  /** The file of pairs, of a task that judges pairs. */
  readonly pairs?: string | undefined;
  /** Names of the manifest's splits, each judged by itself. */
  readonly splits: readonly string[];
  readonly engine: Engine;
  readonly storage: FeatureStorage;
  readonly quiet: boolean;
}

/** What judging needs of a manifest: not what training needs besides, nor what a file of pairs says. */
const wantedOf = ({ judges, columns, pairs }: Task): Task['columns'] =>
  pairs === undefined ? (judges?.references ?? columns) : [];

/** Those of the splits, with done to their audio what was done to those that the head learnt from. */
export async function utterancesOf(
  { manifest, root, splits: names, storage }: DataRequest,
  task: Task,
  head: TrainedHead,
): Promise<readonly Utterance[]> {
  const columns = wantedOf(task);
  const options = { root, columns, splits: names, mostMissing: storage.mostBad ?? 0 };
  const utterances = await loadUtterances(manifest, options);
  return withEffectsOn(utterances, head);
}

/** @throws UserError for the first pair that cannot be used */
export async function pairsOf(
  { pairs: file, splits: names }: DataRequest,
  { pairs: wanted }: Task,
  utterances: readonly Utterance[],
): Promise<ReadPairs | undefined> {
  if (wanted === undefined || file === undefined) return undefined;
  const read = await readPairs(file, { ...wanted, splits: names }, utterances);
  const [complaint] = read.complaints;
  if (complaint !== undefined) throw complaint;
  return read;
}

/** @throws UserError for the first reference that the head cannot say, with its line */
export function checkReferences(
  task: Task,
  kind: HeadKind,
  { stored }: TrainedHead,
  utterances: readonly Utterance[],
): void {
  const known = kind.classes?.(stored);
  if (known === undefined) {
    for (const complaint of task.complaints?.({ train: [], dev: [], test: utterances }) ?? [])
      throw complaint;
    return;
  }
  for (const { columns, manifest, line, id } of utterances)
    for (const [column, classes] of Object.entries(known)) {
      const label = columns[column] ?? '';
      if (classes.includes(label)) continue;
      throw new UserError(
        label === ''
          ? `utterance '${id}' has no ${column}`
          : `unknown ${column} '${label}': the head was not trained on it`,
        {
          file: manifest,
          line,
          hint: label === '' ? `Fill the column '${column}'` : hintOfLabel(label, classes),
        },
      );
    }
}

function hintOfLabel(label: string, classes: readonly string[]): string {
  const close = closestName(label, classes);
  const meant = close === undefined ? '' : `Did you mean '${close}'? Otherwise r`;
  return `${meant || 'R'}emove the row, or train a head on utterances that have it`;
}

/** Features of the utterances, from those of the run where its manifest and all its splits are the same. */
export async function openHeadFeatures(
  { manifest, root, engine, storage, quiet, splits: names }: DataRequest,
  kind: HeadKind,
  encoder: Encoder,
  { layers, gainDecibels = 0, withoutSilence = false, frameType }: TrainedHead,
  utterances: readonly Utterance[],
) {
  const mostMissing = storage.mostBad ?? 0;
  const hashes = await manifestHashes(manifest, root, mostMissing);
  const type = frameType ?? usualFrameType(kind);
  const store: FeatureKind = type === undefined ? 'pooled' : 'frames';
  const common = { engine, encoder, kind: store, storage, quiet, ...(type && { frameType: type }) };
  const usual = { audioHash: hashes.audio, encoderHash: encoder.hash };
  const place = join(storage.folder, storeName({ ...common, ...usual }));
  const asItIs = gainDecibels === 0 && !withoutSilence;
  const kept = asItIs && names.every(isUsual) && existsSync(place);
  const all = kept ? await usualOrder(manifest, root, mostMissing) : undefined;
  const own = createHash('sha256').update(
    JSON.stringify([hashes.audio, names, gainDecibels, withoutSilence]),
  );
  const features = await openFeatures({
    ...common,
    utterances: all ?? utterances,
    audioHash: all === undefined ? own.digest('hex') : hashes.audio,
  });
  const placeOf = new Map((all ?? utterances).map(({ id }, i) => [id, i]));
  return {
    hashes,
    features: someLayers(features, layers),
    places: utterances.map(({ id }) => placeOf.get(id) as number),
  };
}

const isUsual = (name: string): boolean => (splits as readonly string[]).includes(name);

/** Train, dev, test, one after the other: the order in which a run keeps features; undefined where one is missing. */
async function usualOrder(
  manifest: string,
  root: string | undefined,
  mostMissing: number,
): Promise<readonly Utterance[] | undefined> {
  const all = await loadUtterances(manifest, { root, mostMissing, keepColumns: false });
  const of = splits.map((split) => all.filter((utterance) => utterance.split === split));
  return of.every(({ length }) => length > 0) ? of.flat() : undefined;
}

/** An utterance, and where it stands in the features. */
export interface Placed {
  readonly utterance: Utterance;
  readonly place: number;
}

type Skipped = NonNullable<NewSplit['skipped']>;

/** Those with features, of as many frames as the head takes at least, and why the others are left out. */
export function usableOf(
  all: readonly Placed[],
  { bad, rows }: Pick<Features, 'bad' | 'rows'>,
  fewestFrames = 0,
): { readonly usable: readonly Placed[]; readonly skipped: Skipped } {
  const skipped: Skipped = [];
  const usable = all.filter(({ utterance: { id }, place }) => {
    const frames = rows[place] as number;
    const short = `has ${frames} frames, but the head needs at least ${fewestFrames}`;
    const reason = bad.get(place) ?? (frames < fewestFrames ? short : undefined);
    if (reason !== undefined) skipped.push({ id, reason });
    return reason === undefined;
  });
  return { usable, skipped };
}

export function refuseEmpty(
  split: string,
  all: number,
  usable: number,
  manifest: string,
  [skipped]: Skipped,
): void {
  if (usable > 0) return;
  const example = skipped === undefined ? '' : `, for example '${skipped.id}': ${skipped.reason}`;
  throw new UserError(`no usable utterances in split '${split}' (${all} skipped)${example}`, {
    file: manifest,
    hint: 'Fix the audio, or pass its folder with --root',
  });
}
