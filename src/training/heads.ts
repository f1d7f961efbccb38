/** @file Trains heads one after the other and tests each seed's best: what most head kinds that come by updates need. */
import { z } from 'zod';
import type { HeadResult, HeadWork, Prediction } from '../api/head-kind.js';
import type { Split } from '../api/task.js';
import type { Given } from '../engine/engine.js';
import type * as tf from '../engine/ops.js';
import type { Parameters, Tree } from '../engine/tree.js';
import { layerWeightsOf } from './layer-weights.js';
import { type OneByOne, type OneByOneSettings, trainOneByOne } from './one-by-one.js';

/** Fields of a kind's settings (`z.strictObject({ ...trainingFields, batchSize: ... })`); `default` gives one another default. */
export const trainingFields = {
  learningRates: z.array(z.number().positive()).min(1).default([1e-2]),
  maximumUpdates: z.int().positive().default(1000),
  evaluateEvery: z.int().nonnegative().default(0),
  patience: z.int().nonnegative().default(10),
  gradientClip: z.number().positive().default(1),
  ties: z.enum(['loss', 'first']).optional(),
} satisfies Record<keyof OneByOneSettings, z.ZodType>;

/** What a head says of an utterance, and its loss there. */
export interface Judged {
  readonly prediction: Prediction;
  /** A mean or, where there is a weight, a sum. */
  readonly loss: number;
  /** Frames, tokens: what the losses of a split together are divided by the sum of (default: 1). */
  readonly weight?: number;
}

/** Heads to train: what `trainOneByOne` takes, with a way to judge them. */
export interface HeadTraining<
  Inputs extends Tree<tf.Tensor>,
  Stored extends Readonly<Record<string, unknown>>,
> extends Omit<OneByOne<Inputs>, 'given' | 'look' | 'work'> {
  readonly work: HeadWork;
  /** What the head's forward pass needs beside the parameters: all that decides the result, beside work and settings. */
  readonly stored: Stored;
  /**
   * Runs a head on the utterance that stands at `index` of a split: on all of dev at every look, and each seed's best
   * head on test. A kind that runs many at once uses `trainOneByOne`.
   */
  judge(parameters: Given<Parameters>, split: Split, index: number): Promise<Judged>;
}

/**
 * Trains every seed at every rate, and tests the best: checkpoints, endings, Ctrl-C and progress come with it. The parameter
 * `layerWeights` [layers] is what the head takes of each layer, before the softmax.
 * @returns a result a seed, in their order
 * @throws the signal's reason when the training is interrupted, once its state is on disk
 */
export async function trainHeads<
  Inputs extends Tree<tf.Tensor>,
  Stored extends Readonly<Record<string, unknown>>,
>({ stored, judge, ...training }: HeadTraining<Inputs, Stored>): Promise<HeadResult<Stored>[]> {
  const judgedIn = async (parameters: Given<Parameters>, split: Split): Promise<Judged[]> => {
    const judged: Judged[] = [];
    for (const index of training.work.places[split].keys())
      judged.push(await judge(parameters, split, index));
    return judged;
  };
  const trained = await trainOneByOne<Inputs>({
    ...training,
    given: { stored, settings: training.settings },
    look: async (parameters) => {
      const judged = await judgedIn(parameters, 'dev');
      const predictions = judged.map(({ prediction }) => prediction);
      const weights = sum(judged.map(({ weight = 1 }) => weight));
      return {
        devMetric: training.work.score(predictions, 'dev'),
        devLoss: sum(judged.map(({ loss }) => loss)) / weights,
      };
    },
  });
  const results: HeadResult<Stored>[] = [];
  for (const { parameters, tried, chosen, curve, earlierSeconds } of trained) {
    const predictions = (await judgedIn(parameters, 'test')).map(({ prediction }) => prediction);
    const head = { stored, parameters };
    const layerWeights = layerWeightsOf(parameters);
    results.push({ tried, chosen, curve, layerWeights, head, predictions, earlierSeconds });
  }
  return results;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
