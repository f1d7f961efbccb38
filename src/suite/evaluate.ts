/** @file One encoder on one task: features, head, test, record. */
import type { HeadResult, HeadWork, Keeping } from '../api/head-kind.js';
import { type Columns, type MetricValue, type Split, splits, type Task } from '../api/task.js';
import { UserError } from '../base/errors.js';
import { ownCommit, runtimeVersions } from '../base/package.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { type FeatureStorage, openFeatures } from '../features/store.js';
import type { TrainedHead } from '../heads/trained.js';
import { bootstrapInterval, sumByCluster } from '../metrics/index.js';
import { recordedPath } from '../results/places.js';
import type { NewRecord, PredictionLine, RecordMetric } from '../results/record.js';
import { speakersToDraw } from '../results/speakers.js';
import type { PlannedTask } from './plan.js';

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

/** A record, and what stands beside it. */
export interface Evaluation {
  readonly record: NewRecord;
  readonly predictions: PredictionLine[];
  readonly head: TrainedHead;
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
  const { task, head, manifest } = planned;
  const { engine, seeds, quiet } = options;
  const reads = head.kind.reads(head.settings);
  const features = await openFeatures({
    engine,
    encoder,
    utterances: planned.utterances,
    audioHash: planned.hashes.audio,
    kind: reads.store,
    storage: options.storage,
    ...(reads.store === 'frames' && { frameType: reads.type }),
    quiet,
  });
  try {
    const { data, places } = usable(planned.data, features.bad);
    refuseEmpty(planned, data, features.bad);
    const started = performance.now();
    const references = referencesOf(task, data);
    const [metric] = task.metrics;
    const origin = originOf(encoder, planned, engine);
    const { keepingOf } = options;
    const work: HeadWork = {
      engine,
      features,
      hopSamples: encoder.hopSamples,
      places,
      references,
      trainSources: data.train.map(({ id, cropOf }) => cropOf ?? id),
      metric,
      score: (predictions, split) =>
        metricOf(task.evaluate(columnsOf(predictions), references[split]), metric.name).value,
      title: `${task.name} head on ${encoder.name}`,
      quiet,
      onProgress: options.onProgress,
      keepingOf: keepingOf && ((seed) => ({ ...keepingOf(seed), origin })),
    };
    const results = await head.kind.train(work, head.spec, head.settings, seeds);
    // Seeds that train together share the time it took.
    const earlier = results.reduce((sum, { earlierSeconds }) => sum + earlierSeconds, 0);
    const seconds = ((performance.now() - started) / 1000 + earlier) / seeds.length;
    const commit = ownCommit();
    const named = data.test.map(({ columns }) => columns.speaker);
    const speakers = speakersToDraw(task, named);
    return results.map((result, i) => {
      const seed = seeds[i] as number;
      const { languageModel } = result;
      const predicted = columnsOf(result.predictions);
      const record: NewRecord = {
        encoder: {
          name: encoder.name,
          spec: recordedPath(encoder.spec),
          hash: encoder.hash,
          family: encoder.family,
        },
        task: { name: task.name, version: task.version },
        manifest: { ...manifest },
        preset: planned.preset,
        seed,
        learningRates: { tried: result.tried.map((rate) => ({ ...rate })), chosen: result.chosen },
        engine: { name: engine.name, provider: engine.provider, versions: { ...runtimeVersions() } },
        ...(languageModel !== undefined && { languageModel }),
        ...(commit !== undefined && { gitCommit: commit }),
        metrics: metricsOf(task, predicted, references.test, speakers, seed),
        layerWeights: [...result.layerWeights],
        curve: result.curve.map((point) => ({ ...point })),
        costs: {
          seconds: features.costs.seconds + seconds,
          peakMemoryMB: process.resourceUsage().maxRSS / 1024,
          encoderFrames: features.costs.encoderFrames,
        },
        ...(features.bad.size > 0 && {
          skipped: [...features.bad].map(([place, reason]) => ({
            id: planned.utterances[place]?.id ?? '',
            reason,
          })),
        }),
        createdAt: new Date().toISOString(),
      };
      const predictions = predictionLines(data.test, predicted, references.test);
      return { record, predictions, head: { kind: head.spec.kind, ...result.head } };
    });
  } finally {
    await features.close();
  }
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

const columnsOf = (predictions: HeadResult['predictions']): Columns[] =>
  predictions.map(({ columns }) => columns);

/** What the manifest says in the task's columns. */
function referencesOf(task: Task, data: PlannedTask['data']): HeadWork['references'] {
  const of = (split: Split): Columns[] =>
    data[split].map(({ columns }) =>
      Object.fromEntries(task.columns.map((name) => [name, columns[name] ?? ''])),
    );
  return { train: of('train'), dev: of('dev'), test: of('test') };
}

/** The utterances that have features, and where these are: their order is train, dev, test. */
function usable(
  data: PlannedTask['data'],
  bad: ReadonlyMap<number, string>,
): { readonly data: PlannedTask['data']; readonly places: HeadWork['places'] } {
  const of = (start: number, utterances: readonly Utterance[]) => {
    const kept = utterances.flatMap((utterance, i) =>
      bad.has(start + i) ? [] : [[utterance, start + i] as const],
    );
    return { utterances: kept.map(([each]) => each), places: kept.map(([, place]) => place) };
  };
  const train = of(0, data.train);
  const dev = of(data.train.length, data.dev);
  const test = of(data.train.length + data.dev.length, data.test);
  return {
    data: { train: train.utterances, dev: dev.utterances, test: test.utterances },
    places: { train: train.places, dev: dev.places, test: test.places },
  };
}

/** However many may be bad, no split may lose all. */
function refuseEmpty(
  { task, manifest, data }: PlannedTask,
  left: PlannedTask['data'],
  bad: ReadonlyMap<number, string>,
): void {
  const empty = splits.find((split) => left[split].length === 0);
  if (empty === undefined) return;
  const [reason] = bad.values();
  throw new UserError(
    `none of the ${data[empty].length} utterances of '${empty}' has audio that can be used by the task ${task.name}, for example: ${reason}`,
    { file: manifest.path, mend: 'Mend the audio, or give its folder with root in the suite' },
  );
}

function metricOf(metrics: Readonly<Record<string, MetricValue>>, name: string): MetricValue {
  const metric = metrics[name];
  if (metric === undefined) throw new Error(`the task promised the metric ${name} and did not give it`);
  return metric;
}

function metricsOf(
  task: Task,
  predictions: readonly Columns[],
  references: readonly Columns[],
  speakers: readonly string[] | undefined,
  seed: number,
): Record<string, RecordMetric> {
  const values = task.evaluate(predictions, references);
  return Object.fromEntries(
    task.metrics.map(({ name, direction }) => {
      const { value, shares } = metricOf(values, name);
      const metric = { value, direction, utterances: references.length };
      if (shares === undefined) return [name, metric];
      const drawn = speakers === undefined ? shares : sumByCluster(shares, speakers);
      const intervalOver = speakers === undefined ? ('utterances' as const) : ('speakers' as const);
      return [name, { ...metric, interval: bootstrapInterval(drawn, { seed }), intervalOver }];
    }),
  );
}

/** One line an utterance; a task of one column shows its value alone. */
function predictionLines(
  utterances: readonly Utterance[],
  predictions: readonly Columns[],
  references: readonly Columns[],
): PredictionLine[] {
  const shown = (columns: Columns): unknown => {
    const values = Object.values(columns);
    return values.length === 1 ? values[0] : columns;
  };
  return utterances.map(({ id, columns }, i) => ({
    id,
    prediction: shown(predictions[i] ?? {}),
    reference: shown(references[i] ?? {}),
    ...(columns.speaker && { speaker: columns.speaker }),
  }));
}
