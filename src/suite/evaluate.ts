/** @file One encoder on one task: features, head, test, record. */
import type { HeadResult, HeadWork, Keeping, Prediction } from '../api/head-kind.js';
import { type Columns, columnNames, type JudgedRow, type Split, type Task } from '../api/task.js';
import { runtimeVersions } from '../base/package.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { type FeatureStorage, type Features, openFeatures } from '../features/store.js';
import { judgeRows } from '../results/rows.js';
import { type Evaluation, evaluationOf } from './evaluation-record.js';
import type { PlannedTask } from './plan.js';
import { leftOut, type Usable, usable } from './usable.js';

export interface EvaluateOptions {
  readonly engine: Engine;
  readonly seeds: readonly number[];
  readonly quiet: boolean;
  /** Where and how features are kept; utterances whose audio is unusable are left out and named in the record. */
  readonly storage: FeatureStorage;
  /** Told how much of the training is done, from 0 to 1: of one seed, where heads train one after the other. */
  readonly onProgress?: ((share: number, note?: string) => void) | undefined;
  /** How a training is kept that starts from this seed; without it none is. */
  readonly keepingOf?: ((seed: number) => Omit<Keeping, 'origin'>) | undefined;
}

/**
 * Trains and tests the task's head on the encoder's features, from every seed.
 * @returns an evaluation a seed, in their order
 */
export async function evaluate(
  encoder: Encoder,
  planned: PlannedTask,
  options: EvaluateOptions,
): Promise<Evaluation[]> {
  const { engine, seeds } = options;
  const features = await openPlanned(encoder, planned, options);
  try {
    const skipped = leftOut(planned, features, encoder.hopSamples);
    const kept = usable(planned, skipped);
    const { results, seconds, rowsOf } = await trainAndTest(encoder, planned, features, kept, options);
    return results.map((result, i) => {
      const rows = rowsOf(result.predictions, 'test');
      const seed = seeds[i] as number;
      const tested = {
        encoder,
        planned,
        engine,
        features,
        skipped,
        speakers: judgedOf(planned.task, kept.data, 'test').map(({ speaker }) => speaker),
        rows,
        seed,
        seconds,
      };
      return evaluationOf(tested, result);
    });
  } finally {
    await features.close();
  }
}

/** The features that the planned head reads. */
function openPlanned(
  encoder: Encoder,
  { head, utterances, hashes }: PlannedTask,
  { engine, storage, quiet }: EvaluateOptions,
): Promise<Features> {
  const reads = head.kind.reads(head.settings);
  return openFeatures({
    engine,
    encoder,
    utterances,
    audioHash: hashes.audio,
    kind: reads.store,
    storage,
    ...(reads.store === 'frames' && { frameType: reads.type }),
    quiet,
  });
}

/** Predictions of a split beside what the manifest says. */
type RowsOf = (predictions: readonly Prediction[], split: Split) => JudgedRow[];

/** Heads trained and tested; seconds are a seed's: seeds that train together share the time it took. */
async function trainAndTest(
  encoder: Encoder,
  planned: PlannedTask,
  features: Features,
  { data, places }: Usable,
  { engine, seeds, quiet, onProgress, keepingOf }: EvaluateOptions,
): Promise<{ readonly results: readonly HeadResult[]; readonly seconds: number; readonly rowsOf: RowsOf }> {
  const { task, head } = planned;
  const started = performance.now();
  const of = (split: Split) => judgedOf(task, data, split);
  const judged = { train: of('train'), dev: of('dev'), test: of('test') };
  const references = (split: Split) => judged[split].map(({ reference }) => reference);
  const rowsOf: RowsOf = (predictions, split) =>
    predictions.map(({ columns, tensors }, i) => ({
      id: judged[split][i]?.id ?? '',
      prediction: columns,
      reference: judged[split][i]?.reference ?? {},
      ...(tensors !== undefined && { tensors }),
    }));
  const origin = originOf(encoder, planned, engine);
  const work: HeadWork = {
    engine,
    features,
    hopSamples: encoder.hopSamples,
    places,
    references: { train: references('train'), dev: references('dev'), test: references('test') },
    ...(data.pairs !== undefined && { pairs: data.pairs }),
    trainSources: data.train.map(({ id, cropOf }) => cropOf ?? id),
    metric: task.metrics[0],
    score: scorer(task, rowsOf),
    title: `${task.name} head on ${encoder.name}`,
    quiet,
    onProgress,
    keepingOf: keepingOf && ((seed) => ({ ...keepingOf(seed), origin })),
  };
  const results = await head.kind.train(work, head.spec, head.settings, seeds);
  const earlier = results.reduce((sum, { earlierSeconds }) => sum + earlierSeconds, 0);
  const seconds = ((performance.now() - started) / 1000 + earlier) / seeds.length;
  return { results, seconds, rowsOf };
}

/**
 * The value of the task's first metric. At the first call all metrics are judged, so that one that a task promises and
 * does not give is told before the training, not after it.
 */
function scorer(task: Task, rowsOf: RowsOf): HeadWork['score'] {
  const [metric] = task.metrics;
  let checked = false;
  return (predictions, split) => {
    const values = judgeRows(task, rowsOf(predictions, split), checked ? [metric] : task.metrics);
    checked = true;
    const value = values[metric.name]?.value;
    if (value === undefined) throw new Error(`${metric.name} was not judged`);
    return value;
  };
}

/** All that decides a head beside its settings and seed. */
function originOf(encoder: Encoder, planned: PlannedTask, { name, provider }: Engine): Keeping['origin'] {
  const { task, manifest, preset } = planned;
  return {
    encoder: encoder.hash,
    manifest: manifest.hash,
    task: [task.name, task.version],
    preset,
    engine: [name, provider],
    versions: runtimeVersions(),
  };
}

/** What is predicted and judged: an utterance, or a pair of them. */
interface Judged {
  readonly id: string;
  readonly reference: Columns;
  readonly speaker?: string | undefined;
}

/**
 * Of a split, in order: its pairs with the columns of their file, or else its utterances with what the manifest says in
 * the task's columns; empty where a split does not need one.
 */
function judgedOf(task: Task, data: PlannedTask['data'], split: Split): Judged[] {
  const pairs = data.pairs?.[split];
  if (pairs !== undefined) return pairs.map(({ id, columns }) => ({ id, reference: columns }));
  const names = columnNames(task);
  return data[split].map(({ id, columns }) => ({
    id,
    reference: Object.fromEntries(names.map((name) => [name, columns[name] ?? ''])),
    speaker: columns.speaker,
  }));
}
