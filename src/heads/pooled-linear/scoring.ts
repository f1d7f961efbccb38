/** @file Predictions of pooled heads, those of several runs at once. */

import type { HeadWork, Prediction } from '../../api/head-kind.js';
import type { Split } from '../../api/task.js';
import { float32, floatsOf, type HostParameters, type HostTensor } from '../../base/host-tensor.js';
import type { Program } from '../../engine/engine.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { fillMeans, type MeansReader } from './batches.js';
import type { Source } from './grid.js';
import { pooledLogits, type Slots } from './model.js';
import { targetsOf } from './targets.js';

/** Rows in one evaluation run. */
const evaluationBatch = 128;

type ScoreInputs = { readonly parameters: Parameters; readonly means: tf.Tensor };
type ScoreOutputs = { readonly [slot: string]: tf.Tensor };

/** What scoring takes. */
export interface ScoringWork {
  readonly work: Pick<HeadWork, 'features'>;
  readonly slots: Slots;
  readonly score: Program<ScoreInputs, ScoreOutputs>;
  readonly readMeans: MeansReader;
}

/** What scoring a split takes. */
export interface Scoring extends ScoringWork {
  readonly work: HeadWork;
}

/** The program that gives the logits of every run and slot. */
export function scoreProgram(work: Pick<HeadWork, 'engine' | 'title'>, slots: Slots): ScoringWork['score'] {
  return work.engine.compile<ScoreInputs, ScoreOutputs>(
    ({ parameters, means }) =>
      Object.fromEntries(
        pooledLogits(parameters, slots.length, means).map((logits, i) => [`slot ${i}`, logits]),
      ),
    { name: `logits of the ${work.title}` },
  );
}

/** What a run makes of a split. */
export interface Scored {
  readonly predictions: readonly Prediction[];
  /** Of each utterance, and their mean, where the classes are known. */
  readonly losses: readonly number[];
  readonly loss: number;
}

/**
 * What every run makes of a split.
 * @param sources what the runs see, where they see a hidden state each; runs are a multiple of them
 */
export function predict(
  scoring: Scoring,
  parameters: HostParameters,
  split: Split,
  sources: readonly Source[] = [],
): Promise<Scored[]> {
  const { work, slots } = scoring;
  const layers = sources.flatMap(({ layer }) => layer ?? []);
  return predictAt(scoring, parameters, work.places[split], targetsOf(work, slots, split), layers);
}

/**
 * What every run makes of utterances.
 * @param places where they stand in the features
 * @param targets their classes [utterances, slots], flat, where losses are wanted
 * @param single the hidden states that the runs see, one each (default: every run sees them all)
 */
export async function predictAt(
  { work, slots, score, readMeans }: ScoringWork,
  parameters: HostParameters,
  places: readonly number[],
  targets?: Int32Array,
  single: readonly number[] = [],
): Promise<Scored[]> {
  const { layers, dim } = work.features;
  const runs = parameters.layerWeights?.shape[0] as number;
  const results = Array.from({ length: runs }, () => ({
    predictions: [] as Prediction[],
    losses: [] as number[],
    loss: 0,
  }));
  for (let start = 0; start < places.length; start += evaluationBatch) {
    const part = places.slice(start, start + evaluationBatch);
    const all = new Float32Array(layers * evaluationBatch * dim);
    fillMeans(readMeans, [layers, dim], part, all, evaluationBatch);
    const whole = float32([1, layers, evaluationBatch, dim], all);
    const means = single.length === 0 ? whole : layersOf(whole, single);
    const outputs = await score.run({ parameters, means });
    const logits = slots.map((_, slot) => {
      const tensor = outputs[`slot ${slot}`];
      if (tensor === undefined) throw new Error(`slot ${slot} was not scored`);
      return floatsOf(tensor);
    });
    for (const [run, result] of results.entries()) {
      for (const row of part.keys()) {
        const at = run * evaluationBatch + row;
        const scores = slots.map(({ classes }, slot) =>
          (logits[slot] as Float32Array).subarray(at * classes.length, (at + 1) * classes.length),
        );
        const columns = slots.map(({ column, classes }, slot) => [
          column,
          classes[largest(scores[slot] as Float32Array)] as string,
        ]);
        result.predictions.push({ columns: Object.fromEntries(columns) });
        if (targets === undefined) continue;
        const own = targets.subarray((start + row) * slots.length, (start + row + 1) * slots.length);
        const losses = scores.map((values, slot) => crossEntropy(values, own[slot] as number));
        result.losses.push(losses.reduce((sum, loss) => sum + loss));
        for (const loss of losses) result.loss += loss / places.length;
      }
    }
  }
  return results;
}

/** Some of the layers [1, layers, batch, dim], each as [1, batch, dim] of [given, 1, batch, dim]. */
function layersOf({ shape, data }: HostTensor, given: readonly number[]): HostTensor {
  const [, , batch, dim] = shape as [number, number, number, number];
  const size = batch * dim;
  const taken = new Float32Array(given.length * size);
  for (const [i, layer] of given.entries())
    taken.set((data as Float32Array).subarray(layer * size, (layer + 1) * size), i * size);
  return float32([given.length, 1, batch, dim], taken);
}

function largest(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0);
}

function crossEntropy(logits: Float32Array, target: number): number {
  const top = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return top + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0)) - (logits[target] as number);
}
