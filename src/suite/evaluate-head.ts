/** @file A trained head on other utterances than those that its result was made of: another manifest, another split. */
import type { HeadKind, Prediction } from '../api/head-kind.js';
import { columnNames, type JudgedRow, type Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { sha256OfFile } from '../base/files.js';
import { ownCommit } from '../base/package.js';
import type { Utterance } from '../data/manifest.js';
import { hashWithPairs, movedPairs, type Pair, type ReadPairs } from '../data/pairs.js';
import type { Encoder } from '../encoders/encoder.js';
import { type LoadOptions, loadEncoder } from '../encoders/load.js';
import type { Features } from '../features/reader.js';
import { checkLayers } from '../features/some-layers.js';
import { headKinds } from '../heads/registry.js';
import type { TrainedHead } from '../heads/trained.js';
import type { NewEvaluation, NewSplit } from '../results/evaluation-file.js';
import { recordMetric } from '../results/intervals.js';
import { recordedPath } from '../results/places.js';
import type { ResultRecord } from '../results/record.js';
import { encoderEntry, engineEntry } from '../results/record-entries.js';
import { judgeRows, writtenValue } from '../results/rows.js';
import { speakersToDraw } from '../results/speakers.js';
import { namedTensors } from '../results/tensors.js';
import {
  checkReferences,
  type DataRequest,
  openHeadFeatures,
  type Placed,
  pairsOf,
  refuseEmpty,
  usableOf,
  utterancesOf,
} from './head-data.js';
import { type HeadOfResult, headOf } from './head-of-result.js';
import { checkPairsGiven } from './pairs.js';

export interface EvaluateHeadRequest extends DataRequest {
  /** A result's folder, or the file of a head in it. */
  readonly head: string;
  /** Of a task that is cross-validated: whose head. */
  readonly fold?: string | undefined;
  /** SPEC of the encoder (default: the record's). */
  readonly encoder?: string | undefined;
  readonly load: LoadOptions;
}

/**
 * Runs a trained head on utterances and judges what it says, split by split.
 * @throws UserError for what is no trained head, another encoder, a column that is missing, and a label or text that the
 *   head cannot say
 */
export async function evaluateHead(request: EvaluateHeadRequest): Promise<NewEvaluation> {
  const started = performance.now();
  const { engine } = request;
  const asked = await headOf(request.head, request.fold);
  const { head, record, task } = asked;
  const kind = headKinds.find(head.kind);
  checkPairsGiven(task, request.pairs);
  const utterances = await utterancesOf(request, task, head);
  const pairs = await pairsOf(request, task, utterances);
  if (pairs === undefined) checkReferences(task, kind, head, utterances);
  const encoder = await encoderOf(request, record, head);
  const { hashes, features, places } = await openHeadFeatures(request, kind, encoder, head, utterances);
  try {
    const hash = pairs === undefined ? hashes.rows : hashWithPairs(hashes.rows, pairs.hash);
    const seen = [hashes.rows, hash].includes(asked.manifestHash);
    const splits: NewSplit[] = [];
    for (const name of request.splits) {
      const all = utterances.flatMap((utterance, i) =>
        utterance.split === name ? [{ utterance, place: places[i] as number }] : [],
      );
      const judged = await judgeSplit({ request, asked, kind, encoder, features, pairs }, name, all);
      splits.push({ ...judged, seen: seen && name !== 'test' });
    }
    const commit = ownCommit();
    return {
      head: {
        sha256: await sha256OfFile(asked.file),
        kind: head.kind,
        trainedOn: { path: record.manifest.path, hash: record.manifest.hash },
        preset: record.preset,
        seed: record.seed,
      },
      encoder: encoderEntry(encoder),
      task: { ...record.task },
      manifest: { path: recordedPath(request.manifest), hash },
      splits,
      engine: engineEntry(engine),
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

interface Asked {
  readonly request: EvaluateHeadRequest;
  readonly asked: HeadOfResult;
  readonly kind: HeadKind;
  readonly encoder: Encoder;
  readonly features: Features;
  readonly pairs: ReadPairs | undefined;
}

/** What the head says of a split, judged. */
async function judgeSplit(
  { request, asked: { head, record, task }, kind, encoder, features, pairs }: Asked,
  name: string,
  all: readonly Placed[],
): Promise<Omit<NewSplit, 'seen'>> {
  const { usable, skipped } = usableOf(all, features, kind.fewestFrames);
  refuseEmpty(name, all.length, usable.length, request.manifest, skipped);
  const own = usable.map(({ utterance }) => utterance);
  const before = all.map(({ utterance }) => utterance);
  const trials = pairs && movedPairs(pairs.pairs[name] ?? [], before, own);
  const remarks: string[] = [];
  const work = {
    engine: request.engine,
    features,
    hopSamples: encoder.hopSamples,
    title: `${task.name} head on ${encoder.name}`,
    places: usable.map(({ place }) => place),
    ...(trials !== undefined && { pairs: trials }),
    spec: () => task.head({ train: [], dev: [], test: own }),
    say: (remark: string) => void remarks.push(remark),
  };
  const predictions = (await kind.predict?.(work, head.stored, head.parameters)) ?? [];
  return {
    ...judgedSplit(task, trials ?? own, predictions, record.seed),
    name,
    ...(skipped.length > 0 && { skipped }),
    ...(remarks.length > 0 && { remarks }),
  };
}

/**
 * The encoder of a result, or the one given in its place.
 * @throws UserError for another encoder than that of the result
 */
export async function encoderOf(
  { encoder: given, load }: Pick<EvaluateHeadRequest, 'encoder' | 'load'>,
  { encoder: { spec, hash, name }, seed }: ResultRecord,
  { layers }: TrainedHead,
): Promise<Encoder> {
  const wanted = given ?? spec;
  const encoder = await loadEncoder(wanted, seed, load).catch((error: unknown) => {
    if (given !== undefined || !(error instanceof UserError)) throw error;
    throw new UserError(`cannot load the encoder '${spec}' of the result: ${error.message}`, {
      hint: 'Pass it with --encoder SPEC',
      cause: error,
    });
  });
  if (encoder.hash !== hash)
    throw new UserError(
      `'${wanted}' is not the encoder that the head was trained on: its hash is ${encoder.hash.slice(0, 8)}, expected ${hash.slice(0, 8)}`,
      { hint: `Pass the encoder '${name}' of the result with --encoder (for a .pt file also --weights)` },
    );
  checkLayers(layers, encoder);
  return encoder;
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
