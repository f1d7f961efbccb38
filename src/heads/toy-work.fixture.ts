/** @file Work for heads in tests: features made up in memory. */
import type { HeadWork, Prediction } from '../api/head-kind.js';
import type { Columns, JudgedRow, Split, TaskMetric } from '../api/task.js';
import type { Engine } from '../engine/engine.js';
import type { Features } from '../features/reader.js';

/** Features held in memory: each utterance [layers, rows, dim]. */
export function heldFeatures(layers: number, dim: number, utterances: readonly Float32Array[]): Features {
  return {
    layers,
    dim,
    rows: utterances.map((values) => values.length / (layers * dim)),
    bad: new Map(),
    read: (utterance) => utterances[utterance] as Float32Array,
    load: async (utterance) => utterances[utterance] as Float32Array,
    costs: { seconds: 0, encoderFrames: 0 },
    close: async () => {},
  };
}

/** How predictions are judged: a metric, and its value. */
export interface Judge {
  readonly metric: TaskMetric;
  readonly score: (predictions: readonly Columns[], references: readonly Columns[]) => number;
}

export const columnsOf = (predictions: readonly Prediction[]): Columns[] =>
  predictions.map(({ columns }) => columns);

/** Predictions and references in the same order as rows that a task judges. */
export const rowsOf = (predictions: readonly Columns[], references: readonly Columns[]): JudgedRow[] =>
  references.map((reference, i) => ({ id: `u${i}`, prediction: predictions[i] ?? {}, reference }));

/** Work over utterances in the order train, dev, test, of an encoder with a frame every 20 ms. */
export function workOf(
  engine: Engine,
  features: Features,
  references: Readonly<Record<Split, readonly Columns[]>>,
  { metric, score }: Judge,
): HeadWork {
  let next = 0;
  const placesOf = (split: Split): number[] => references[split].map(() => next++);
  const places = { train: placesOf('train'), dev: placesOf('dev'), test: placesOf('test') };
  return {
    engine,
    features,
    hopSamples: 320,
    places,
    references,
    metric,
    score(predictions, split, rows) {
      const some = <T>(all: readonly T[]): T[] => (rows ?? [...all.keys()]).map((row) => all[row] as T);
      return score(some(columnsOf(predictions)), some(references[split]));
    },
    title: 'toy head',
    quiet: true,
  };
}
