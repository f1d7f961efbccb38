/** @file Trains CTC heads: batches by length, early stopping, the checkpoint that does best on dev. */
import { basename } from 'node:path';
import type { HeadResult, HeadWork } from '../../api/head-kind.js';
import type { CtcSpec } from '../../api/head-spec.js';
import type { Split } from '../../api/task.js';
import type { Given } from '../../engine/engine.js';
import { layerWeightsOf } from '../../training/layer-weights.js';
import { trainOneByOne } from '../../training/one-by-one.js';
import { constantRate, linearDecay } from '../../training/schedule.js';
import {
  augmentMasks,
  bucketBatches,
  dropoutKey,
  epochBatches,
  frameBatch,
  framesJoined,
  longestTargets,
  targetBatch,
} from './batches.js';
import { lmDecoder } from './lm-decoding.js';
import { type CtcStored, ctcStart } from './model.js';
import { lookAtDev, lookProgram, type Recognition, transcribeTest } from './recognition.js';
import type { CtcSettings } from './settings.js';
import { featureStandard } from './standard.js';
import { timeWarps } from './time-warp.js';
import { type CtcUpdate, ctcBatchLoss } from './update.js';

/**
 * Trains one head a learning rate and tests the best, for one seed after the other; the same work gives the same result.
 * @returns a result a seed, in their order
 */
export async function trainCtcHeads(
  work: HeadWork,
  spec: CtcSpec,
  settings: CtcSettings,
  seeds: readonly number[],
): Promise<HeadResult<CtcStored>[]> {
  const { features, hopSamples, places } = work;
  const join = framesJoined(settings.stepSamples, hopSamples);
  const { blank, column } = spec;
  const { lstmLayers, dropout, maximumUpdates, batchSize, accumulation = 1 } = settings;
  const stored: CtcStored = { column, tokens: [...spec.tokens], blank, join, lstmLayers };
  const standard = settings.standardize ? await featureStandard(features, places.train) : undefined;
  // Read before the work: a wrong file must not cost a training.
  const decoder = settings.lm && (await lmDecoder(spec, settings.lm));
  const look = lookProgram({ work, spec, form: stored, standard, batchSize });
  const recognition: Recognition = { work, spec, form: stored, standard, batchSize, look };
  const devTargets = targetsOf(recognition, 'dev');
  const { layers, dim } = features;
  const sizes = { ...settings, layers, dim, tokens: spec.tokens.length, join };
  try {
    const trained = await trainOneByOne<CtcUpdate>({
      work,
      kind: 'frame-ctc',
      given: { spec, settings, hopSamples },
      seeds,
      settings,
      schedule: settings.schedule === 'linear' ? linearDecay(maximumUpdates) : constantRate,
      epochUpdates: Math.ceil(epochLength(work, settings) / accumulation),
      accumulation,
      start: (seed) => ctcStart(seed, sizes),
      inputs: batchesOf(recognition, settings),
      loss: ctcBatchLoss({ ...stored, dropout, standard }),
      async look(parameters) {
        const { predictions, loss } = await lookAtDev(recognition, parameters, devTargets);
        return { devMetric: work.score(predictions, 'dev'), devLoss: loss };
      },
    });
    const results: HeadResult<CtcStored>[] = [];
    for (const { seed, parameters, ...result } of trained)
      results.push({
        ...result,
        layerWeights: layerWeightsOf(parameters),
        head: { stored, parameters: { ...parameters, ...standard } },
        predictions: await transcribeTest(recognition, parameters, {
          decoder,
          signal: work.keepingOf?.(seed).signal,
        }),
        languageModel: settings.lm && basename(settings.lm.arpa),
      });
    return results;
  } finally {
    await look.dispose();
  }
}

/** The tokens of a split's texts, in its order. */
function targetsOf({ work, spec }: Recognition, split: Split): number[][] {
  return work.references[split].map((reference) => [...spec.encode(reference[spec.column] ?? '')]);
}

/** How many batches an epoch has. */
const epochLength = ({ places }: HeadWork, { batchSize, batches }: CtcSettings): number =>
  batches === 'buckets' ? places.train.length : Math.ceil(places.train.length / batchSize);

/** What gives a batch by its number, with the masks that training puts on it. */
function batchesOf(
  recognition: Recognition,
  settings: CtcSettings,
): (batch: number, seed: number) => Promise<Given<CtcUpdate>> {
  const { work, form } = recognition;
  const { features } = work;
  const { batchSize, specAugment } = settings;
  const { join } = form;
  const places = work.places.train;
  const targets = targetsOf(recognition, 'train');
  const rowsOf = places.map((place) => features.rows[place] as number);
  const longest = longestTargets(rowsOf, targets, join);
  const length = epochLength(work, settings);
  let epoch: { readonly seed: number; readonly number: number; readonly batches: number[][] } | undefined;
  const batchesOfEpoch = (seed: number, number: number): number[][] =>
    settings.batches === 'buckets'
      ? bucketBatches(work, targets, seed, batchSize, number)
      : epochBatches(work, seed, batchSize, number);
  return async (at, seed) => {
    const number = Math.floor(at / length);
    if (epoch?.number !== number || epoch.seed !== seed)
      epoch = { seed, number, batches: batchesOfEpoch(seed, number) };
    const rows = epoch.batches[at % length] ?? [];
    const own = rows.map((row) => places[row] as number);
    const batch = await frameBatch(features, own, batchSize, join);
    const frames = batch.states.shape[2] as number;
    const wanted = rows.map((row) => targets[row] ?? []);
    const lengths = Array.from(batch.steps.data, (steps) => steps * join);
    return {
      batch,
      ...targetBatch(wanted, batchSize, longest(frames / join)),
      key: dropoutKey(seed, at),
      ...(specAugment && {
        masks: {
          ...augmentMasks(specAugment, [batchSize, frames, features.dim], seed, at),
          ...(specAugment.timeWarpWindow > 0 && {
            warp: timeWarps(frames, lengths, specAugment.timeWarpWindow, seed, at),
          }),
        },
      }),
    };
  };
}
