/** @file Work for heads in tests: features made up in memory. */
import type { Columns, Split, TaskMetric } from '../api/task.js';
import type { Engine } from '../engine/engine.js';
import type { Features } from '../features/store.js';
import type { HeadWork } from './head.js';

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

/** Work over utterances in the order train, dev, test. */
export function workOf(
  engine: Engine,
  features: Features,
  references: Readonly<Record<Split, readonly Columns[]>>,
  judge: { readonly metric: TaskMetric; readonly score: HeadWork['score'] },
): HeadWork {
  let next = 0;
  const placesOf = (split: Split): number[] => references[split].map(() => next++);
  const places = { train: placesOf('train'), dev: placesOf('dev'), test: placesOf('test') };
  return { engine, features, places, references, ...judge, seed: 1, title: 'toy head', quiet: true };
}
