/** @file Predictions of pooled heads, those of several runs at once. */

import type { HeadWork, Prediction } from '../../api/head-kind.js';
import type { Split } from '../../api/task.js';
import { float32, floatsOf, type HostParameters } from '../../base/host-tensor.js';
import type { Program } from '../../engine/engine.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { fillMeans, type MeansReader } from './batches.js';
import { pooledLogits, type Slots } from './model.js';
import { targetsOf } from './targets.js';

/** Rows in one evaluation run. */
const evaluationBatch = 128;

type ScoreInputs = { readonly parameters: Parameters; readonly means: tf.Tensor };
type ScoreOutputs = { readonly [slot: string]: tf.Tensor };

/** What scoring a split takes. */
export interface Scoring {
  readonly work: HeadWork;
  readonly slots: Slots;
  readonly score: Program<ScoreInputs, ScoreOutputs>;
  readonly readMeans: MeansReader;
}

/** The program that gives the logits of every run and slot. */
export function scoreProgram(work: HeadWork, slots: Slots): Scoring['score'] {
  return work.engine.compile<ScoreInputs, ScoreOutputs>(
    ({ parameters, means }) =>
      Object.fromEntries(
        pooledLogits(parameters, slots.length, means).map((logits, i) => [`slot ${i}`, logits]),
      ),
    { name: `logits of the ${work.title}` },
  );
}

/** Of every run: predictions for a split, and the mean loss. */
export async function predict(
  scoring: Scoring,
  parameters: HostParameters,
  split: Split,
): Promise<{ readonly predictions: Prediction[]; readonly loss: number }[]> {
  const { work, slots, score, readMeans } = scoring;
  const { layers, dim } = work.features;
  const places = work.places[split];
  const targets = targetsOf(work, slots, split);
  const runs = parameters.layerWeights?.shape[0] as number;
  const results = Array.from({ length: runs }, () => ({ predictions: [] as Prediction[], loss: 0 }));
  for (let start = 0; start < places.length; start += evaluationBatch) {
    const part = places.slice(start, start + evaluationBatch);
    const means = new Float32Array(layers * evaluationBatch * dim);
    fillMeans(readMeans, [layers, dim], part, means, evaluationBatch);
    const outputs = await score.run({ parameters, means: float32([1, layers, evaluationBatch, dim], means) });
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
        scores.forEach((values, slot) => {
          result.loss +=
            crossEntropy(values, targets[(start + row) * slots.length + slot] as number) / places.length;
        });
      }
    }
  }
  return results;
}

function largest(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0);
}

function crossEntropy(logits: Float32Array, target: number): number {
  const top = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return top + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0)) - (logits[target] as number);
}
