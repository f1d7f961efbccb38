/** @file Trains x-vector heads, chosen by the error of trials, and scores the trials of test by the cosine of embeddings. */
import type { HeadResult, HeadWork, Prediction } from '../../api/head-kind.js';
import type { XVectorSpec } from '../../api/head-spec.js';
import type { Split } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import { float32, floatsOf } from '../../base/host-tensor.js';
import type { Pair } from '../../data/pairs.js';
import type { Given, Program } from '../../engine/engine.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { layerWeightsOf } from '../../training/layer-weights.js';
import { trainOneByOne } from '../../training/one-by-one.js';
import { groupsOf } from '../pooled-linear/batches.js';
import { xVectorBatches } from './batches.js';
import { type XVectorBatch, type XVectorStored, xVectorLoss, xVectorStart, xVectors } from './model.js';
import type { XVectorSettings } from './settings.js';

type Looked = { readonly parameters: Parameters; readonly states: tf.Tensor };
type Look = Program<Looked, { readonly embedding: tf.Tensor }>;

/**
 * Trains one head a learning rate and tests the best, for one seed after the other; the same work gives the same result.
 * @returns a result a seed, in their order; predictions have the column `score`
 * @throws UserError where the split that is to choose has no trials
 */
export async function trainXVectors(
  work: HeadWork,
  spec: XVectorSpec,
  settings: XVectorSettings,
  seeds: readonly number[],
): Promise<HeadResult<XVectorStored>[]> {
  const { chooseOn, batchSize, accumulation, weightDecay } = settings;
  const chooses = trialsOf(work, chooseOn);
  const { layers, dim } = work.features;
  const stored: XVectorStored = { column: spec.column, classes: [...spec.classes] };
  const sizes = { ...settings, layers, dim, classes: spec.classes.length };
  // An utterance alone, of any length: nothing is padded.
  const look: Look = work.engine.compile<Looked, { readonly embedding: tf.Tensor }>(
    ({ parameters, states }) => ({ embedding: xVectors(parameters, states) }),
    { name: `embeddings of the ${work.title}`, dynamicAxes: { states: 2 } },
  );
  try {
    const trained = await trainOneByOne<XVectorBatch>({
      work,
      kind: 'x-vector',
      given: { spec, settings },
      seeds,
      settings,
      epochUpdates: Math.ceil(groupsOf(work).length / (batchSize * accumulation)),
      start: (seed) => xVectorStart(seed, sizes),
      inputs: xVectorBatches(work, spec, settings),
      accumulation,
      loss: xVectorLoss(settings),
      optimizer: { weightDecay, decoupled: true },
      async look(parameters) {
        const cosines = await cosinesOf(work, look, parameters, chooseOn, chooses);
        return {
          devMetric: work.score(cosines.map(predictionOf), chooseOn),
          devLoss: meanDistance(cosines, chooses),
        };
      },
    });
    const results: HeadResult<XVectorStored>[] = [];
    for (const { seed, parameters, ...result } of trained) {
      work.keepingOf?.(seed).signal?.throwIfAborted();
      const cosines = await cosinesOf(work, look, parameters, 'test', trialsOf(work, 'test'));
      results.push({
        ...result,
        ...(chooseOn === 'test' && { chosenOnTest: 'checkpoint' }),
        layerWeights: layerWeightsOf(parameters),
        head: { stored, parameters },
        predictions: cosines.map(predictionOf),
      });
    }
    return results;
  } finally {
    await look.dispose();
  }
}

function trialsOf({ pairs, title }: HeadWork, split: Split): readonly Pair[] {
  const trials = pairs?.[split];
  if (trials !== undefined && trials.length > 0) return trials;
  throw new UserError(`the ${title} has no trials of ${split}`, {
    mend:
      split === 'dev'
        ? "It chooses its checkpoint on them: give utterances and trials of the split 'dev', whose speakers train lacks, or take the preset superb, which chooses on test"
        : "Give utterances and trials of the split 'test'",
  });
}

const predictionOf = (cosine: number): Prediction => ({ columns: { score: String(cosine) } });

/** The cosine of the embeddings of each trial; every utterance runs once. */
async function cosinesOf(
  { features, places }: HeadWork,
  look: Look,
  parameters: Given<Parameters>,
  split: Split,
  trials: readonly Pair[],
): Promise<number[]> {
  const { layers, dim } = features;
  const embeddings = new Map<number, Float32Array>();
  for (const index of new Set(trials.flatMap(({ first, second }) => [first, second]))) {
    const place = places[split][index] as number;
    const frames = features.rows[place] as number;
    const states = float32([layers, 1, frames, dim], await features.load(place));
    const { embedding } = await look.run({ parameters, states });
    embeddings.set(index, Float32Array.from(floatsOf(embedding)));
  }
  const of = (index: number): Float32Array => embeddings.get(index) ?? new Float32Array();
  return trials.map(({ first, second }) => cosine(of(first), of(second)));
}

/** 0 where one of the two is nothing but zeros, as torch.nn.functional.normalize gives it. */
function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  const norm = Math.sqrt(dot(a, a) * dot(b, b));
  return norm > 0 ? dot(a, b) / norm : 0;
}

/** The mean squared distance of cosines from 1 and 0: decides between equal error rates. */
function meanDistance(cosines: readonly number[], trials: readonly Pair[]): number {
  const distances = cosines.map((value, i) => (value - Number(trials[i]?.columns.target)) ** 2);
  return distances.reduce((sum, value) => sum + value, 0) / distances.length;
}
