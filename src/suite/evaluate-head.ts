/** @file A trained head on other utterances than those that its result was made of: another manifest, another split. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { HeadKind, Prediction } from '../api/head-kind.js';
import { columnNames, type JudgedRow, splits, type Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { sha256OfFile } from '../base/files.js';
import { closestName } from '../base/names.js';
import { ownCommit, runtimeVersions } from '../base/package.js';
import { loadUtterances, manifestHashes, type Utterance } from '../data/manifest.js';
import { hashWithPairs, movedPairs, type Pair, type ReadPairs, readPairs } from '../data/pairs.js';
import type { Encoder } from '../encoders/encoder.js';
import { type LoadOptions, loadEncoder } from '../encoders/load.js';
import type { Engine } from '../engine/engine.js';
import { checkLayers, someLayers } from '../features/some-layers.js';
import {
  type FeatureKind,
  type FeatureStorage,
  type Features,
  openFeatures,
  storeName,
} from '../features/store.js';
import { headKinds } from '../heads/registry.js';
import { headFileName, readHead, type TrainedHead, usualFrameType } from '../heads/trained.js';
import { knownTasks } from '../plugins/known-tasks.js';
import type { NewEvaluation, NewSplit } from '../results/evaluation-file.js';
import { recordMetric } from '../results/intervals.js';
import { knownTask } from '../results/known-task.js';
import { recordedPath } from '../results/places.js';
import { type ResultRecord, recordFileName } from '../results/record.js';
import { judgeRows, writtenValue } from '../results/rows.js';
import { speakersToDraw } from '../results/speakers.js';
import { readRecord } from '../results/store.js';
import { namedTensors } from '../results/tensors.js';
import { fileOfFold } from './folds.js';
import { checkPairsGiven } from './pairs.js';
import { withEffectsOn } from './reading.js';

export interface EvaluateHeadRequest {
  /** A result's folder, or the file of a head in it. */
  readonly head: string;
  /** Of a task that is cross-validated: whose head. */
  readonly fold?: string | undefined;
  readonly manifest: string;
  readonly root?: string | undefined;
  /** The file of pairs, of a task that judges pairs. */
  readonly pairs?: string | undefined;
  /** Names of the manifest's splits, each judged by itself. */
  readonly splits: readonly string[];
  /** SPEC of the encoder (default: the record's). */
  readonly encoder?: string | undefined;
  readonly load: LoadOptions;
  readonly engine: Engine;
  readonly storage: FeatureStorage;
  readonly quiet: boolean;
}

/**
 * Runs a trained head on utterances and judges what it says, split by split.
 * @throws UserError for what is no trained head, another encoder, a column that is missing, and a label or text that the
 *   head cannot say
 */
export async function evaluateHead(request: EvaluateHeadRequest): Promise<NewEvaluation> {
  const started = performance.now();
  const { manifest, engine } = request;
  const { head, file, record, task } = await headOf(request.head, request.fold);
  const kind = headKinds.find(head.kind);
  checkPairsGiven(task, request.pairs);
  const utterances = await utterancesOf(request, task, head);
  const pairs = await pairsOf(request, task, utterances);
  if (pairs === undefined) checkReferences(task, kind, head, utterances);
  const encoder = await encoderOf(request, record, head);
  const { hashes, features, places } = await openHeadFeatures(request, kind, encoder, head, utterances);
  const hash = pairs === undefined ? hashes.rows : hashWithPairs(hashes.rows, pairs.hash);
  try {
    const judged: NewSplit[] = [];
    for (const name of request.splits) {
      const all = utterances.flatMap((utterance, i) =>
        utterance.split === name ? [{ utterance, place: places[i] as number }] : [],
      );
      const { usable, skipped } = usableOf(all, features, kind.fewestFrames);
      refuseEmpty(name, all.length, usable.length, manifest, skipped);
      const own = usable.map(({ utterance }) => utterance);
      const trials =
        pairs &&
        movedPairs(
          pairs.pairs[name] ?? [],
          all.map(({ utterance }) => utterance),
          own,
        );
      const work = {
        engine,
        features,
        hopSamples: encoder.hopSamples,
        title: `${task.name} head on ${encoder.name}`,
        places: usable.map(({ place }) => place),
        ...(trials !== undefined && { pairs: trials }),
        spec: () => task.head({ train: [], dev: [], test: own }),
      };
      const predictions = (await kind.predict?.(work, head.stored, head.parameters)) ?? [];
      judged.push({
        ...judgedSplit(task, trials ?? own, predictions, record.seed),
        name,
        seen: name !== 'test' && hash === record.manifest.hash,
        ...(skipped.length > 0 && { skipped }),
      });
    }
    const commit = ownCommit();
    return {
      head: {
        sha256: await sha256OfFile(file),
        kind: head.kind,
        trainedOn: { path: record.manifest.path, hash: record.manifest.hash },
        preset: record.preset,
        seed: record.seed,
      },
      encoder: {
        name: encoder.name,
        spec: recordedPath(encoder.spec),
        hash: encoder.hash,
        family: encoder.family,
      },
      task: { ...record.task },
      manifest: { path: recordedPath(manifest), hash },
      splits: judged,
      engine: { name: engine.name, provider: engine.provider, versions: { ...runtimeVersions() } },
      ...(commit !== undefined && { gitCommit: commit }),
      costs: {
        seconds: (performance.now() - started) / 1000,
        encoderFrames: features.costs.encoderFrames,
      },
      createdAt: new Date().toISOString(),
    };
  } finally {
    await features.close();
  }
}

interface HeadOfResult {
  readonly head: TrainedHead;
  readonly file: string;
  readonly record: ResultRecord;
  readonly task: Task;
}

async function headOf(path: string, fold: string | undefined): Promise<HeadOfResult> {
  const isFile = path.endsWith('.safetensors');
  const folder = isFile ? dirname(path) : path;
  const recordFile = join(folder, recordFileName);
  const present = (file: string): string => {
    if (existsSync(file)) return file;
    throw new UserError(`is no result with a trained head: ${basename(file)} is not there`, {
      file: folder,
      mend: "Give the folder of a result that 'ehmam run' wrote (results/ENCODER/TASK)",
    });
  };
  const record = await readRecord(present(recordFile));
  const file = present(isFile ? path : join(folder, fileOfFold(headFileName, foldAt(record, fold, folder))));
  const { origin, ...head } = await readHead(file);
  if (origin.encoderHash !== record.encoder.hash || origin.task !== record.task.name)
    throw new UserError('is not the head of the record beside it', {
      file,
      mend: 'Run the task again to write both anew',
    });
  const task = knownTask({ path: recordFile, record }, knownTasks.all());
  refuseUnable(task, headKinds.find(head.kind), file);
  return { head, file, record, task };
}

/** Which of its heads is meant: of a task without folds there is one. */
function foldAt({ folds = [] }: ResultRecord, fold: string | undefined, folder: string): number {
  const names = folds.map(({ name }) => name);
  const index = fold === undefined && names.length === 0 ? 0 : names.indexOf(fold ?? '');
  if (index >= 0) return index;
  if (names.length === 0) throw new UserError('has no folds', { file: folder, mend: 'Leave --fold out' });
  throw new UserError(`has a head a fold${fold === undefined ? '' : `, and none of '${fold}'`}`, {
    file: folder,
    mend: `Name one with --fold: ${names.join(', ')}`,
  });
}

function refuseUnable(task: Task, kind: HeadKind, file: string): void {
  if (kind.predict !== undefined) return;
  throw new UserError(
    `is a head of '${task.name}', and its kind '${kind.kind}' cannot be asked once a run is over`,
    { file, mend: 'Its own test split is judged by ehmam run' },
  );
}

/** What judging needs of a manifest: not what training needs besides, nor what a file of pairs says. */
const wantedOf = ({ judges, columns, pairs }: Task): Task['columns'] =>
  pairs === undefined ? (judges?.references ?? columns) : [];

/** Those of the splits, with done to their audio what was done to those that the head learnt from. */
async function utterancesOf(
  { manifest, root, splits: names, storage }: EvaluateHeadRequest,
  task: Task,
  head: TrainedHead,
): Promise<readonly Utterance[]> {
  const columns = wantedOf(task);
  const options = { root, columns, splits: names, mostMissing: storage.mostBad ?? 0 };
  const utterances = await loadUtterances(manifest, options);
  return withEffectsOn(utterances, head);
}

/** @throws UserError for the first pair that cannot be used */
async function pairsOf(
  { pairs: file, splits: names }: EvaluateHeadRequest,
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
function checkReferences(
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
          : `the head does not know the ${column} '${label}'`,
        {
          file: manifest,
          line,
          mend: label === '' ? `Fill the column '${column}'` : mendOfLabel(label, classes),
        },
      );
    }
}

function mendOfLabel(label: string, classes: readonly string[]): string {
  const close = closestName(label, classes);
  const meant = close === undefined ? '' : `Did you mean '${close}'? Else l`;
  return `${meant || 'L'}eave the row out, or train a head on utterances that have it`;
}

async function encoderOf(
  { encoder: given, load }: EvaluateHeadRequest,
  { encoder: { spec, hash, name }, seed }: ResultRecord,
  { layers }: TrainedHead,
): Promise<Encoder> {
  const wanted = given ?? spec;
  const encoder = await loadEncoder(wanted, seed, load).catch((error: unknown) => {
    if (given !== undefined || !(error instanceof UserError)) throw error;
    throw new UserError(`the encoder '${spec}' of the result is not to be had: ${error.message}`, {
      mend: 'Name it with --encoder SPEC',
      cause: error,
    });
  });
  if (encoder.hash !== hash)
    throw new UserError(
      `'${wanted}' is not the encoder that the head was trained on: ${encoder.hash.slice(0, 8)} in place of ${hash.slice(0, 8)}`,
      { mend: `Name the one that the result calls '${name}' with --encoder, and --weights of a .pt file` },
    );
  checkLayers(layers, encoder);
  return encoder;
}

/** Features of the utterances, from those of the run where its manifest and all its splits are the same. */
async function openHeadFeatures(
  { manifest, root, engine, storage, quiet, splits: names }: EvaluateHeadRequest,
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

interface Placed {
  readonly utterance: Utterance;
  readonly place: number;
}

type Skipped = NonNullable<NewSplit['skipped']>;

/** Those with features, of as many frames as the head takes at least, and why the others are left out. */
function usableOf(
  all: readonly Placed[],
  { bad, rows }: Pick<Features, 'bad' | 'rows'>,
  fewestFrames = 0,
): { readonly usable: readonly Placed[]; readonly skipped: Skipped } {
  const skipped: Skipped = [];
  const usable = all.filter(({ utterance: { id }, place }) => {
    const frames = rows[place] as number;
    const short = `has ${frames} frames, and the head takes ${fewestFrames} at least`;
    const reason = bad.get(place) ?? (frames < fewestFrames ? short : undefined);
    if (reason !== undefined) skipped.push({ id, reason });
    return reason === undefined;
  });
  return { usable, skipped };
}

function refuseEmpty(split: string, all: number, usable: number, manifest: string, [skipped]: Skipped): void {
  if (usable > 0) return;
  const example = skipped === undefined ? '' : `, for example '${skipped.id}': ${skipped.reason}`;
  throw new UserError(`none of the ${all} utterances of '${split}' can be used${example}`, {
    file: manifest,
    mend: 'Mend the audio, or give its folder with --root',
  });
}

function judgedSplit(
  task: Task,
  judged: readonly (Utterance | Pair)[],
  predictions: readonly Prediction[],
  seed: number,
): Pick<NewSplit, 'metrics' | 'lines' | 'tensors'> {
  const names = columnNames(task);
  const rows = judged.map(
    ({ id, columns }, i): JudgedRow => ({
      id,
      prediction: predictions[i]?.columns ?? {},
      reference:
        task.pairs === undefined
          ? Object.fromEntries(names.map((name) => [name, columns[name] ?? '']))
          : columns,
      ...(predictions[i]?.tensors && { tensors: predictions[i].tensors }),
    }),
  );
  const speakers = judged.map(({ columns }) => (task.pairs === undefined ? columns.speaker : undefined));
  const drawn = speakersToDraw(task, speakers);
  const values = judgeRows(task, rows);
  const metrics = task.metrics.flatMap((metric) => {
    const value = values[metric.name];
    return value === undefined
      ? []
      : [[metric.name, recordMetric(metric, value, rows.length, drawn, seed)] as const];
  });
  return {
    metrics: Object.fromEntries(metrics),
    lines: rows.map(({ id, prediction, reference }, i) => ({
      id,
      prediction: writtenValue(task, prediction),
      reference: writtenValue(task, reference),
      ...(speakers[i] && { speaker: speakers[i] }),
    })),
    tensors: namedTensors(
      rows.map(({ id }) => id),
      predictions,
    ),
  };
}
