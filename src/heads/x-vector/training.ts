/** @file Trains x-vector heads, chosen by the error of trials, and scores the trials of test by the cosine of embeddings. */
import type { HeadResult, HeadWork } from '../../api/head-kind.js';
import type { XVectorSpec } from '../../api/head-spec.js';
import type { Split } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import type { Pair } from '../../data/pairs.js';
import { layerWeightsOf } from '../../training/layer-weights.js';
import { trainOneByOne } from '../../training/one-by-one.js';
import { epochLength } from '../pooled-linear/batches.js';
import { xVectorBatches } from './batches.js';
import { cosinesOf, embeddingsOf, predictionOf } from './cosines.js';
import { type XVectorBatch, type XVectorStored, xVectorLoss, xVectorStart } from './model.js';
import type { XVectorSettings } from './settings.js';

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
  const look = embeddingsOf(work);
  try {
    const trained = await trainOneByOne<XVectorBatch>({
      work,
      kind: 'x-vector',
      given: { spec, settings },
      seeds,
      settings,
      epochUpdates: Math.ceil(epochLength(work) / (batchSize * accumulation)),
      start: (seed) => xVectorStart(seed, sizes),
      inputs: xVectorBatches(work, spec, settings),
      accumulation,
      loss: xVectorLoss(settings),
      optimizer: { weightDecay, decoupled: true },
      async look(parameters) {
        const cosines = await cosinesOf(work.features, look, parameters, work.places[chooseOn], chooses);
        // Of parameters that are no numbers; a task refuses such scores.
        if (cosines.some(Number.isNaN)) return { devMetric: Number.NaN, devLoss: Number.NaN };
        return {
          devMetric: work.score(cosines.map(predictionOf), chooseOn),
          devLoss: meanDistance(cosines, chooses),
        };
      },
    });
    const results: HeadResult<XVectorStored>[] = [];
    for (const { seed, parameters, ...result } of trained) {
      work.keepingOf?.(seed).signal?.throwIfAborted();
      const trials = trialsOf(work, 'test');
      const cosines = await cosinesOf(work.features, look, parameters, work.places.test, trials);
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
  throw new UserError(`the ${title} has no ${split} trials`, {
    hint:
      split === 'dev'
        ? "They are needed to select the checkpoint: add utterances and trials of the split 'dev', with speakers that are not in train, or use the preset superb, which selects on test"
        : "Add utterances and trials of the split 'test'",
  });
}

/** The mean squared distance of cosines from 1 and 0: decides between equal error rates. */
function meanDistance(cosines: readonly number[], trials: readonly Pair[]): number {
  const distances = cosines.map((value, i) => (value - Number(trials[i]?.columns.target)) ** 2);
  return distances.reduce((sum, value) => sum + value, 0) / distances.length;
}
