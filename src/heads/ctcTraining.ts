/** @file Trains CTC heads: batches by length, early stopping, the checkpoint that does best on dev. */
import type { CtcHead } from '../../tasks/task.js';
import type { Program } from '../engine/engine.js';
import { scalar } from '../engine/tree.js';
import { adamStart } from '../nn/adam.js';
import { createProgress, type Progress } from '../progress.js';
import { type CtcModel, type CtcUpdate, type CtcUpdated, ctcStart, ctcUpdate } from './ctc.js';
import {
  augmentMasks,
  dropoutKey,
  epochBatches,
  frameBatch,
  framesJoined,
  longestTargets,
  targetBatch,
} from './ctcBatches.js';
import { type HeadResult, type HeadWork, layerWeightsOf } from './head.js';
import { lmDecoder } from './lmDecoding.js';
import { bestPathProgram, type Recognition, recognise } from './recognition.js';
import { advanced, bestCourse, type Course, newCourse, triedRate, withEndings } from './search.js';
import type { CtcSettings } from './settings.js';
import { featureStandard } from './standard.js';
import { timeWarps } from './timeWarp.js';

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
  const progress = createProgress(work.title, rates.length * settings.maximumUpdates, { quiet: work.quiet });
  try {
    let courses: Course[] = [];
    for (const [i, learningRate] of rates.entries())
      courses = [
        ...courses,
        await trainAtRate(training, learningRate, courses, progress, i * settings.maximumUpdates),
      ];
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
    };
  } finally {
    progress.stop();
    await update.dispose();
    await bestPath.dispose();
  }
}

async function trainAtRate(
  training: Training,
  learningRate: number,
  before: readonly Course[],
  progress: Progress,
  done: number,
): Promise<Course> {
  const { work, head, model, update: program } = training;
  const { settings, join } = model;
  const { batchSize, specAugment } = settings;
  const places = work.places.train;
  const targets = work.references.train.map((reference) => [...head.encode(reference[head.column] ?? '')]);
  const longest = longestTargets(
    places.map((place) => work.features.rows[place] as number),
    targets,
    join,
  );
  const epochUpdates = Math.ceil(places.length / batchSize);
  const evaluateEvery = settings.evaluateEvery || epochUpdates;
  let parameters = ctcStart(work.seed, model);
  let moments = adamStart(parameters);
  let course = newCourse(work.seed, learningRate);
  let lossSum = 0;
  let summed = 0;
  let batches: number[][] = [];
  for (let update = 0; course.ended === undefined; ) {
    if (update % epochUpdates === 0) batches = epochBatches(work, batchSize, update / epochUpdates);
    const rows = batches[update % epochUpdates] ?? [];
    const batch = await frameBatch(
      work.features,
      rows.map((row) => places[row] as number),
      batchSize,
      join,
    );
    const frames = batch.states.shape[2] as number;
    const outputs = await program.run({
      parameters,
      moments,
      step: scalar(update),
      learningRate: scalar(
        learningRate * (settings.schedule === 'linear' ? 1 - update / settings.maximumUpdates : 1),
      ),
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
    parameters = outputs.parameters;
    moments = outputs.moments;
    lossSum += outputs.loss.data[0] as number;
    summed++;
    update++;
    if (update % evaluateEvery === 0 || update === settings.maximumUpdates) {
      const devMetric = work.score(await recognise(training, parameters, 'dev'), work.references.dev);
      const trainLoss = lossSum / summed;
      const kept = parameters;
      const { direction } = work.metric;
      const point = { update, trainLoss, devMetric, devLoss: trainLoss };
      const next = advanced(course, point, () => kept, direction);
      course = withEndings([...before, next], direction, settings).at(-1) as Course;
      [lossSum, summed] = [0, 0];
    }
    progress.update(done + update, `rate ${learningRate}, dev ${course.best?.devMetric.toFixed(3) ?? '-'}`);
  }
  return course;
}
