/** @file Trains CTC heads: batches by length, early stopping, the checkpoint that does best on dev. */
import { basename } from 'node:path';
import type { HeadResult, HeadWork } from '../../api/head-kind.js';
import type { CtcSpec } from '../../api/head-spec.js';
import type { Split } from '../../api/task.js';
import { type HostParameters, scalar } from '../../base/host-tensor.js';
import type { Program } from '../../engine/engine.js';
import type { ToHost } from '../../engine/tree.js';
import { type AdamState, adamStart } from '../../nn/adam.js';
import { type Keeper, openKeeper } from '../keeping.js';
import { layerWeightsOf } from '../layer-weights.js';
import { trainingProgress } from '../progress.js';
import {
  advanced,
  bestCourse,
  type Course,
  newCourse,
  triedRate,
  withEndings,
  withoutBeaten,
} from '../search.js';
import {
  augmentMasks,
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
import { type CtcUpdate, type CtcUpdated, ctcUpdate } from './update.js';

interface Training extends Recognition {
  readonly settings: CtcSettings;
  readonly seed: number;
  readonly update: Program<CtcUpdate, CtcUpdated>;
}

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
  const join = framesJoined(settings.stepSamples, work.hopSamples);
  const { blank, column } = spec;
  const { lstmLayers } = settings;
  const stored: CtcStored = { column, tokens: [...spec.tokens], blank, join, lstmLayers };
  const standard = settings.standardize ? await featureStandard(work.features, work.places.train) : undefined;
  // Read before the work: a wrong file must not cost a training.
  const decoder = settings.lm && (await lmDecoder(spec, settings.lm));
  const recognition = { work, spec, form: stored, standard, batchSize: settings.batchSize };
  const { dropout, gradientClip } = settings;
  const update = work.engine.compile<CtcUpdate, CtcUpdated>(
    (inputs) => ctcUpdate(inputs, { ...stored, dropout, gradientClip, standard }),
    { name: `update of the ${work.title}` },
  );
  const look = lookProgram(recognition);
  const results: HeadResult<CtcStored>[] = [];
  try {
    for (const seed of seeds) {
      const training: Training = { ...recognition, settings, seed, update, look };
      const { courses, earlierSeconds } = await trainSeed(training);
      const { best, learningRate, curve } = bestCourse(courses, work.metric.direction);
      results.push({
        tried: courses.map(triedRate),
        chosen: learningRate,
        curve,
        layerWeights: layerWeightsOf(best.parameters),
        head: { stored, parameters: { ...best.parameters, ...standard } },
        predictions: await transcribeTest(training, best.parameters, decoder),
        languageModel: settings.lm && basename(settings.lm.arpa),
        earlierSeconds,
      });
    }
  } finally {
    await update.dispose();
    await look.dispose();
  }
  return results;
}

/** Trains one seed at every rate. */
async function trainSeed(
  training: Training,
): Promise<{ readonly courses: readonly Course[]; readonly earlierSeconds: number }> {
  const { work, spec, settings, seed } = training;
  const { learningRates: rates, maximumUpdates } = settings;
  const keeper = await openKeeper(work, [seed], { spec, settings, hopSamples: work.hopSamples });
  let courses = keeper.restored?.courses ?? [];
  const ended = courses.filter((course) => course.ended !== undefined).length;
  const before = ended * maximumUpdates + (keeper.restored?.runs ? keeper.restored.done : 0);
  const progress = trainingProgress(work, rates.length * maximumUpdates, before);
  try {
    for (const [i, rate] of rates.entries()) {
      if (i < ended) continue;
      courses = await trainAtRate(training, rate, courses, keeper, (update, note) =>
        progress.update(i * maximumUpdates + update, note),
      );
    }
    return { courses, earlierSeconds: keeper.earlierSeconds };
  } finally {
    keeper.close();
    progress.stop();
  }
}

/** Trains at one rate, from its start or from where it was interrupted. */
async function trainAtRate(
  training: Training,
  learningRate: number,
  known: readonly Course[],
  keeper: Keeper,
  report: (update: number, note: string) => void,
): Promise<readonly Course[]> {
  const { work, spec, settings, seed, form } = training;
  const { direction } = work.metric;
  const { epochUpdates, update: updateOnce } = updater(training, learningRate);
  const evaluateEvery = settings.evaluateEvery || epochUpdates;
  const devTargets = targetsOf(training, 'dev');
  const { layers, dim } = work.features;
  const start = ctcStart(seed, { ...settings, layers, dim, tokens: spec.tokens.length, join: form.join });
  const begun = known.some(({ ended }) => ended === undefined) ? keeper.restored : undefined;
  let { parameters, moments } = begun?.runs ?? { parameters: start, moments: adamStart(start) };
  let courses = begun === undefined ? [...known, newCourse(seed, learningRate)] : known;
  let update = begun?.done ?? 0;
  let [lossSum = 0] = begun?.losses ?? [];
  for (let going = true; going; ) {
    const last = update - (update % evaluateEvery);
    const outputs = await updateOnce(parameters, moments, update);
    ({ parameters, moments } = outputs);
    lossSum += outputs.loss.data[0] as number;
    update++;
    if (update % evaluateEvery === 0 || update === settings.maximumUpdates) {
      const dev = await lookAtDev(training, parameters, devTargets);
      const kept = parameters;
      const point = {
        update,
        trainLoss: lossSum / (update - last),
        devMetric: work.score(dev.predictions, 'dev'),
        devLoss: dev.loss,
      };
      const next = courses.map((course) => advanced(course, point, () => kept, direction));
      courses = withoutBeaten(withEndings(next, direction, settings), direction);
      lossSum = 0;
    }
    const course = courses.at(-1) as Course;
    going = course.ended === undefined;
    report(update, `rate ${learningRate}, dev ${course.best?.devMetric.toFixed(3) ?? '-'}`);
    const runs = { seeds: [seed], rates: [learningRate], parameters, moments };
    await keeper.hold({ done: update, courses, runs: going ? runs : undefined, losses: [lossSum] });
  }
  return courses;
}

/** The tokens of a split's texts, in its order. */
function targetsOf({ work, spec }: Recognition, split: Split): number[][] {
  return work.references[split].map((reference) => [...spec.encode(reference[spec.column] ?? '')]);
}

type HostUpdated = ToHost<CtcUpdated>;

/** What does one update of a training, and how many make an epoch. */
function updater(
  training: Training,
  learningRate: number,
): {
  readonly epochUpdates: number;
  readonly update: (
    parameters: HostParameters,
    moments: AdamState<HostParameters>,
    update: number,
  ) => Promise<HostUpdated>;
} {
  const { work, seed, update: program } = training;
  const { join } = training.form;
  const { batchSize, specAugment, schedule, maximumUpdates } = training.settings;
  const places = work.places.train;
  const targets = targetsOf(training, 'train');
  const longest = longestTargets(
    places.map((place) => work.features.rows[place] as number),
    targets,
    join,
  );
  const epochUpdates = Math.ceil(places.length / batchSize);
  let epoch: { readonly number: number; readonly batches: number[][] } | undefined;
  return {
    epochUpdates,
    update: async (parameters, moments, update) => {
      const number = Math.floor(update / epochUpdates);
      if (epoch?.number !== number) epoch = { number, batches: epochBatches(work, seed, batchSize, number) };
      const rows = epoch.batches[update % epochUpdates] ?? [];
      const batch = await frameBatch(
        work.features,
        rows.map((row) => places[row] as number),
        batchSize,
        join,
      );
      const frames = batch.states.shape[2] as number;
      return program.run({
        parameters,
        moments,
        step: scalar(update),
        learningRate: scalar(learningRate * (schedule === 'linear' ? 1 - update / maximumUpdates : 1)),
        batch,
        ...targetBatch(
          rows.map((row) => targets[row] ?? []),
          batchSize,
          longest(frames / join),
        ),
        key: dropoutKey(seed, update),
        ...(specAugment && {
          masks: {
            ...augmentMasks(specAugment, [batchSize, frames, work.features.dim], seed, update),
            ...(specAugment.timeWarpWindow > 0 && {
              warp: timeWarps(
                frames,
                Array.from(batch.steps.data, (steps) => steps * join),
                specAugment.timeWarpWindow,
                seed,
                update,
              ),
            }),
          },
        }),
      });
    },
  };
}
