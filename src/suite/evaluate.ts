/** @file One encoder on one task: features, head, test, record. */
import type { Columns, MetricValue, Split, Task } from '../../tasks/task.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { openFeatures } from '../features/store.js';
import { trainCtcHead } from '../heads/ctcTraining.js';
import type { HeadResult, HeadWork } from '../heads/head.js';
import { trainPooledHead } from '../heads/pooledTraining.js';
import type { TrainedHead } from '../heads/trained.js';
import { bootstrapInterval } from '../metrics/index.js';
import type { NewRecord, PredictionLine, RecordMetric } from '../results/record.js';
import { runtimeVersions } from '../results/versions.js';
import type { PlannedTask } from './plan.js';

export interface EvaluateOptions {
  readonly engine: Engine;
  readonly seed: number;
  readonly quiet: boolean;
  /** Where features are kept. */
  readonly featureFolder: string;
  /** The share of utterances whose audio may be unusable: they are left out and named in the record. */
  readonly maxBadShare: number;
}

/** Trains and tests the task's head on the encoder's features. */
export async function evaluate(
  encoder: Encoder,
  planned: PlannedTask,
  options: EvaluateOptions,
): Promise<{
  readonly record: NewRecord;
  readonly predictions: PredictionLine[];
  readonly head: TrainedHead;
}> {
  const { task, head, manifest } = planned;
  const { engine, seed, quiet } = options;
  const features = await openFeatures({
    engine,
    encoder,
    utterances: planned.utterances,
    manifestHash: manifest.hash,
    kind: head.kind === 'pooled-linear' ? 'pooled' : 'frames',
    folder: options.featureFolder,
    ...(head.kind === 'frame-ctc' && { frameType: head.settings.frameType }),
    mostBad: Math.floor(options.maxBadShare * planned.utterances.length),
    quiet,
  });
  try {
    const { data, places } = usable(planned.data, features.bad);
    const started = performance.now();
    const references = referencesOf(task, data);
    const [metric] = task.metrics;
    const work: HeadWork = {
      engine,
      features,
      places,
      references,
      metric,
      score: (predictions, wanted) => metricOf(task.evaluate(predictions, wanted), metric.name).value,
      seed,
      title: `${task.name} head on ${encoder.name}`,
      quiet,
    };
    const result =
      head.kind === 'pooled-linear'
        ? await trainPooledHead(work, head.spec.slots, head.settings)
        : await trainCtcHead(work, head.spec, head.settings, encoder.hopSamples);
    const metrics = metricsOf(task, result.predictions, references.test, seed);
    const record: NewRecord = {
      encoder: { name: encoder.name, spec: encoder.spec, hash: encoder.hash, family: encoder.family },
      task: { name: task.name, version: task.version },
      manifest: { ...manifest },
      preset: planned.preset,
      seed,
      learningRates: { tried: result.tried.map((rate) => ({ ...rate })), chosen: result.chosen },
      engine: { name: engine.name, provider: engine.provider, versions: { ...runtimeVersions() } },
      metrics,
      layerWeights: [...result.layerWeights],
      costs: {
        seconds: features.costs.seconds + (performance.now() - started) / 1000,
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
    return { record, predictions: predictionLines(data.test, result, references.test), head: result.head };
  } finally {
    features.close();
  }
}

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

function metricOf(metrics: Readonly<Record<string, MetricValue>>, name: string): MetricValue {
  const metric = metrics[name];
  if (metric === undefined) throw new Error(`the task promised the metric ${name} and did not give it`);
  return metric;
}

function metricsOf(
  task: Task,
  predictions: readonly Columns[],
  references: readonly Columns[],
  seed: number,
): Record<string, RecordMetric> {
  const values = task.evaluate(predictions, references);
  return Object.fromEntries(
    task.metrics.map(({ name, direction }) => {
      const { value, shares } = metricOf(values, name);
      const interval = shares && bootstrapInterval(shares, { seed });
      return [name, { value, direction, utterances: references.length, ...(interval && { interval }) }];
    }),
  );
}

/** One line an utterance; a task of one column shows its value alone. */
function predictionLines(
  utterances: readonly Utterance[],
  { predictions }: HeadResult,
  references: readonly Columns[],
): PredictionLine[] {
  const shown = (columns: Columns): unknown => {
    const values = Object.values(columns);
    return values.length === 1 ? values[0] : columns;
  };
  return utterances.map(({ id }, i) => ({
    id,
    prediction: shown(predictions[i] ?? {}),
    reference: shown(references[i] ?? {}),
  }));
}
