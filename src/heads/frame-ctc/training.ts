/** @file Trains CTC heads: batches by length, early stopping, the checkpoint that does best on dev. */
import type { CtcHead } from '../../api/task.js';
import { type HostParameters, scalar } from '../../base/host-tensor.js';
import type { Program } from '../../engine/engine.js';
import type { ToHost } from '../../engine/tree.js';
import { type AdamState, adamStart } from '../../nn/adam.js';
import { type HeadResult, type HeadWork, layerWeightsOf, trainingProgress } from '../head.js';
import { type Keeper, openKeeper } from '../keeping.js';
import {
  advanced,
  bestCourse,
  type Course,
  newCourse,
  triedRate,
  withEndings,
  withoutBeaten,
} from '../search.js';
import type { CtcSettings } from '../settings.js';
import { featureStandard } from '../standard.js';
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
import { type CtcModel, type CtcUpdate, type CtcUpdated, ctcStart, ctcUpdate } from './model.js';
import { bestPathProgram, type Recognition, recognise } from './recognition.js';
import { timeWarps } from './time-warp.js';

interface Training extends Recognition {
  readonly update: Program<CtcUpdate, CtcUpdated>;
}

/**
 * Trains one head a learning rate and tests the best; the same work gives the same result.
 * @param hopSamples samples between the encoder's frames
 */
export async function trainCtcHead(
  work: HeadWork,
  head: CtcHead,
  settings: CtcSettings,
  hopSamples: number,
): Promise<HeadResult> {
  const { layers, dim } = work.features;
  const join = framesJoined(settings.stepSamples, hopSamples);
  const standard = settings.standardize ? await featureStandard(work.features, work.places.train) : undefined;
  const model: CtcModel = {
    layers,
    dim,
    tokens: head.tokens.length,
    blank: head.blank,
    join,
    standard,
    settings,
  };
  // Read before the work: a wrong file must not cost a training.
  const decoder = settings.lm && (await lmDecoder(head, settings.lm));
  const update = work.engine.compile<CtcUpdate, CtcUpdated>((inputs) => ctcUpdate(inputs, model), {
    name: `update of the ${work.title}`,
  });
  const bestPath = bestPathProgram(work, model);
  const training: Training = { work, head, model, update, bestPath };
  const rates = settings.learningRates;
  const keeper = await openKeeper(work, [work.seed], { head, settings, hopSamples });
  let courses = keeper.restored?.courses ?? [];
  const ended = courses.filter((course) => course.ended !== undefined).length;
  const updatesBefore = ended * settings.maximumUpdates;
  const progress = trainingProgress(
    work,
    rates.length * settings.maximumUpdates,
    updatesBefore + (keeper.restored?.runs ? keeper.restored.done : 0),
  );
  try {
    for (const [i, rate] of rates.entries()) {
      if (i < ended) continue;
      courses = await trainAtRate(training, rate, courses, keeper, (update, note) =>
        progress.update(i * settings.maximumUpdates + update, note),
      );
    }
    const { best, learningRate, curve } = bestCourse(courses, work.metric.direction);
    return {
      tried: courses.map(triedRate),
      chosen: learningRate,
      curve,
      layerWeights: layerWeightsOf(best.parameters),
      head: {
        settings: {
          kind: 'frame-ctc',
          column: head.column,
          tokens: [...head.tokens],
          blank: head.blank,
          join,
          lstmLayers: settings.lstmLayers,
        },
        parameters: best.parameters,
        standard,
      },
      predictions: await recognise(training, best.parameters, 'test', decoder),
      earlierSeconds: keeper.earlierSeconds,
    };
  } finally {
    keeper.close();
    progress.stop();
    await update.dispose();
    await bestPath.dispose();
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
  const { work, model } = training;
  const { settings } = model;
  const { direction } = work.metric;
  const { epochUpdates, update: updateOnce } = updater(training, learningRate);
  const evaluateEvery = settings.evaluateEvery || epochUpdates;
  const start = ctcStart(work.seed, model);
  const begun = known.some(({ ended }) => ended === undefined) ? keeper.restored : undefined;
  let { parameters, moments } = begun?.runs ?? { parameters: start, moments: adamStart(start) };
  let courses = begun === undefined ? [...known, newCourse(work.seed, learningRate)] : known;
  let update = begun?.done ?? 0;
  let [lossSum = 0] = begun?.losses ?? [];
  for (let going = true; going; ) {
    const last = update - (update % evaluateEvery);
    const outputs = await updateOnce(parameters, moments, update);
    ({ parameters, moments } = outputs);
    lossSum += outputs.loss.data[0] as number;
    update++;
    if (update % evaluateEvery === 0 || update === settings.maximumUpdates) {
      const devMetric = work.score(await recognise(training, parameters, 'dev'), work.references.dev);
      const trainLoss = lossSum / (update - last);
      const kept = parameters;
      const point = { update, trainLoss, devMetric, devLoss: trainLoss };
      const next = courses.map((course) => advanced(course, point, () => kept, direction));
      courses = withoutBeaten(withEndings(next, direction, settings), direction);
      lossSum = 0;
    }
    const course = courses.at(-1) as Course;
    going = course.ended === undefined;
    report(update, `rate ${learningRate}, dev ${course.best?.devMetric.toFixed(3) ?? '-'}`);
    const runs = { seeds: [work.seed], rates: [learningRate], parameters, moments };
    await keeper.hold({ done: update, courses, runs: going ? runs : undefined, losses: [lossSum] });
  }
  return courses;
}

type HostUpdated = ToHost<CtcUpdated>;

/** What does one update of a training, and how many make an epoch. */
function updater(
  { work, head, model, update: program }: Training,
  learningRate: number,
): {
  readonly epochUpdates: number;
  readonly update: (
    parameters: HostParameters,
    moments: AdamState<HostParameters>,
    update: number,
  ) => Promise<HostUpdated>;
} {
  const { settings, join } = model;
  const { batchSize, specAugment, schedule, maximumUpdates } = settings;
  const places = work.places.train;
  const targets = work.references.train.map((reference) => [...head.encode(reference[head.column] ?? '')]);
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
      if (epoch?.number !== number) epoch = { number, batches: epochBatches(work, batchSize, number) };
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
        key: dropoutKey(work.seed, update),
        ...(specAugment && {
          masks: {
            ...augmentMasks(specAugment, [batchSize, frames, model.dim], work.seed, update),
            ...(specAugment.timeWarpWindow > 0 && {
              warp: timeWarps(
                frames,
                Array.from(batch.steps.data, (steps) => steps * join),
                specAugment.timeWarpWindow,
                work.seed,
                update,
              ),
            }),
          },
        }),
      });
    },
  };
}
