/** @file What training any head needs and gives, and how checkpoints are ranked. */
import type { Columns, Split, TaskMetric } from '../api/task.js';
import { float32, type HostParameters, type HostTensor, sizeOf } from '../base/host-tensor.js';
import { createProgress, type Progress } from '../base/progress.js';
import { randomStream } from '../base/random.js';
import type { Engine } from '../engine/engine.js';
import type { Features } from '../features/store.js';
import type { Keeping } from './keeping.js';
import type { CurvePoint, Ending } from './search.js';
import type { TrainedHead } from './trained.js';

/** A head's training: frozen features, what they are to predict, and how predictions are judged. */
export interface HeadWork {
  readonly engine: Engine;
  readonly features: Features;
  /** Where each split's utterances stand in the features. */
  readonly places: Readonly<Record<Split, readonly number[]>>;
  /** What the manifest says of them, in the same order. */
  readonly references: Readonly<Record<Split, readonly Columns[]>>;
  /** The utterance that each of train's stems from, where some are crops: one that several crops share counts once. */
  readonly trainSources?: readonly string[];
  /** The task's first metric. */
  readonly metric: TaskMetric;
  score(predictions: readonly Columns[], references: readonly Columns[]): number;
  readonly seed: number;
  /** For progress and errors: `ks head of tiny`. */
  readonly title: string;
  readonly quiet: boolean;
  /** Told how much of the training is done, from 0 to 1. */
  readonly onProgress?: ((share: number, note?: string) => void) | undefined;
  /** If set, an interrupted training goes on from where it was. */
  readonly keeping?: Keeping | undefined;
}

export interface TriedRate {
  readonly learningRate: number;
  readonly devMetric: number;
  /** How many updates it was trained for. */
  readonly updates: number;
  readonly ended: Ending;
}

export interface HeadResult {
  readonly tried: readonly TriedRate[];
  readonly chosen: number;
  /** Every look at dev on the way to the head that was tested. */
  readonly curve: readonly CurvePoint[];
  /** After the softmax. */
  readonly layerWeights: readonly number[];
  /** The one that was tested. */
  readonly head: TrainedHead;
  /** For the test split, in its order. */
  readonly predictions: readonly Columns[];
  /** Spent on the training before it was interrupted; a share of it where several heads were trained together. */
  readonly earlierSeconds: number;
}

/** A head as it was after some update, and how it did on dev. */
export interface Checkpoint {
  readonly parameters: HostParameters;
  readonly devMetric: number;
  readonly devLoss: number;
  readonly update: number;
}

/** Shows and tells the progress of a training of so many updates. */
export function trainingProgress(
  { title, quiet, onProgress = () => {} }: HeadWork,
  updates: number,
  initial: number,
): Progress {
  const shown = createProgress(title, updates, { quiet, initial });
  return {
    update: (done, note) => {
      shown.update(done, note);
      onProgress(done / updates, note);
    },
    stop: shown.stop,
  };
}

/** Whether `a` ranks before `b`: a better metric, or the same one with a lower loss. */
export function isBetter(
  a: Checkpoint,
  b: Checkpoint | undefined,
  direction: TaskMetric['direction'],
): boolean {
  if (b === undefined) return true;
  if (a.devMetric !== b.devMetric)
    return direction === 'higher' ? a.devMetric > b.devMetric : a.devMetric < b.devMetric;
  return a.devLoss < b.devLoss;
}

/** Uniform in [-bound, bound), from a key of its own, so that adding a parameter changes no other. */
export function uniformTensor(
  seed: number,
  name: string,
  shape: readonly number[],
  bound: number,
): HostTensor {
  const random = randomStream(seed, `parameter ${name}`);
  const values = new Float32Array(sizeOf(shape));
  // Full-size heads have 43 million of them: a loop takes a fraction of what Float32Array.from does.
  for (let i = 0; i < values.length; i++) values[i] = bound * (2 * random.uniform() - 1);
  return float32(shape, values);
}

/** torch.nn.Linear's start: weight [out, in] and bias [out] within 1 / sqrt(in). */
export function linearStart(
  seed: number,
  name: string,
  width: number,
  out: number,
): Record<string, HostTensor> {
  const bound = 1 / Math.sqrt(width);
  return {
    [`${name}.weight`]: uniformTensor(seed, `${name}.weight`, [out, width], bound),
    [`${name}.bias`]: uniformTensor(seed, `${name}.bias`, [out], bound),
  };
}

export function softmax(values: ArrayLike<number>): number[] {
  const list = Array.from(values);
  const top = Math.max(...list);
  const exps = list.map((value) => Math.exp(value - top));
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((value) => value / sum);
}

/** The learned layer weights of a head, after the softmax. */
export function layerWeightsOf(parameters: HostParameters): number[] {
  return softmax(parameters.layerWeights?.data ?? []);
}
