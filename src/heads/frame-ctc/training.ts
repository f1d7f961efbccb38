/** @file Trains CTC heads: batches by length, early stopping, the checkpoint that does best on dev. */
import { basename } from 'node:path';
import type { HeadResult, HeadWork } from '../../api/head-kind.js';
import type { CtcSpec } from '../../api/head-spec.js';
import type { Split } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import type { Given } from '../../engine/engine.js';
import { layerWeightsOf } from '../../training/layer-weights.js';
import { trainOneByOne } from '../../training/one-by-one.js';
import { constantRate, linearDecay } from '../../training/schedule.js';
import { frameStandard } from '../standard.js';
import {
  augmentMasks,
  dropoutKey,
  epochBatches,
  epochLength,
  frameBatch,
  framesJoined,
  longestTargets,
  targetBatch,
} from './batches.js';
import { lmDecoder } from './lm-decoding.js';
import { type CtcStored, ctcStart } from './model.js';
import { lookAtDev, lookProgram, type Recognition, transcribe } from './recognition.js';
import type { CtcSettings } from './settings.js';
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
  const standard = settings.standardize ? await frameStandard(features, places.train) : undefined;
  // Read before the work: a wrong file must not cost a training.
  const decoder = settings.lm && (await lmDecoder(spec, settings.lm));
  const look = lookProgram({ work, spec, form: stored, standard, batchSize });
  const recognition: Recognition = { work, spec, form: stored, standard, batchSize, look };
  const devTargets = targetsOf(recognition, 'dev', settings);
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
    for (const { seed, parameters, ...result } of trained) {
      refuseUseless(recognition, settings, bestOnDev(result));
      results.push({
        ...result,
        layerWeights: layerWeightsOf(parameters),
        head: { stored, parameters: { ...parameters, ...standard } },
        predictions: await transcribe(recognition, parameters, places.test, {
          decoder,
          signal: work.keepingOf?.(seed).signal,
        }),
        languageModel: settings.lm && basename(settings.lm.arpa),
      });
    }
    return results;
  } finally {
    await look.dispose();
  }
}

/** The tokens of a split's texts, in its order, with those behind every text. */
export function targetsOf(
  { work, spec }: Pick<Recognition, 'work' | 'spec'>,
  split: Split,
  { endTokens = [] }: CtcSettings,
): number[][] {
  const ends = endTokens.map((token) => {
    const index = spec.tokens.indexOf(token);
    if (index < 0)
      throw new UserError(`invalid value for 'endTokens': '${token}' is not a token of the ${work.title}`, {
        hint: `Its tokens: ${spec.tokens.join(' ')}`,
      });
    return index;
  });
  return work.references[split].map((reference) => [...spec.encode(reference[spec.column] ?? ''), ...ends]);
}

/** What the head that is tested had on dev. */
const bestOnDev = ({ tried, chosen }: Pick<HeadResult, 'tried' | 'chosen'>): number =>
  tried.find(({ learningRate }) => learningRate === chosen)?.devMetric ?? Number.NaN;

/** @throws UserError where no look at dev was good enough for a head to be kept */
function refuseUseless(
  { work: { metric, title } }: Recognition,
  { keptBeyond }: CtcSettings,
  dev: number,
): void {
  if (keptBeyond === undefined) return;
  const better = metric.direction === 'lower' ? dev < keptBeyond : dev > keptBeyond;
  if (better) return;
  const what = (value: number): string => `${Number((100 * value).toPrecision(4))} %`;
  throw new UserError(
    `no checkpoint of the ${title} was good enough to keep: the best ${metric.name} on dev is ${what(dev)}, it must be better than ${what(keptBeyond)}`,
    { exitCode: 1, hint: "Train for longer, or remove the setting 'keptBeyond' (--preset clean does)" },
  );
}

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
  const targets = targetsOf(recognition, 'train', settings);
  const rowsOf = places.map((place) => features.rows[place] as number);
  const longest = longestTargets(rowsOf, targets, join);
  const length = epochLength(work, settings);
  let epoch: { readonly seed: number; readonly number: number; readonly batches: number[][] } | undefined;
  return async (at, seed) => {
    const number = Math.floor(at / length);
    if (epoch?.number !== number || epoch.seed !== seed)
      epoch = { seed, number, batches: epochBatches(work, targets, seed, settings, number) };
    const rows = epoch.batches[at % length] ?? [];
    // A last group that stays whole is larger than the others.
    const size = Math.max(batchSize, rows.length);
    const own = rows.map((row) => places[row] as number);
    const batch = await frameBatch(features, own, size, join);
    const frames = batch.states.shape[2] as number;
    const wanted = rows.map((row) => targets[row] ?? []);
    const lengths = rows.map((_, i) => (batch.steps.data[i] as number) * join);
    const masked = { lengths, size, frames, dim: features.dim };
    return {
      batch,
      ...targetBatch(wanted, size, longest(frames / join)),
      key: dropoutKey(seed, at),
      ...(specAugment && {
        masks: {
          ...augmentMasks(specAugment, masked, seed, at),
          ...(specAugment.timeWarpWindow > 0 && {
            warp: timeWarps(masked, specAugment.timeWarpWindow, seed, at),
          }),
        },
      }),
    };
  };
}
