/** @file Trains pooled heads: every seed and learning rate in one program, the checkpoint that does best on dev. */

import type { HeadResult, HeadWork } from '../../api/head-kind.js';
import { float32, floatsOf, type HostParameters, int32, scalar } from '../../base/host-tensor.js';
import type { Program } from '../../engine/engine.js';
import type { Parameters } from '../../engine/tree.js';
import { type AdamState, adamStart } from '../../nn/adam.js';
import { type Keeper, openKeeper } from '../keeping.js';
import { layerWeightsOf } from '../layer-weights.js';
import { trainingProgress } from '../progress.js';
import { bestCourse, type Course, newCourse, triedRate } from '../search.js';
import { epochLength, meansReader, type PooledBatches, trainingBatches } from './batches.js';
import { type Grid, joined, partsOf, withoutEnded } from './grid.js';
import { looked } from './look.js';
import { type PooledStored, pooledStart, type Slots } from './model.js';
import { fitTogether, pooledRunsUpdates, type RunsUpdated, type RunsUpdates, stackRuns } from './runs.js';
import { predict, type Scoring, scoreProgram } from './scoring.js';
import type { PooledSettings } from './settings.js';

/** Bounds of the program runs under way: the updates of one, and the bytes of all their batches. */
const mostUpdatesPerRun = 64;
const mostBatchBytes = 192 * 2 ** 20;
/** Updates between places where a training may be kept. Many numbers divide it, so few programs get a remainder. */
const mostUpdatesUnkept = 960;
interface Training extends Scoring {
  readonly settings: PooledSettings;
  readonly update: Program<RunsUpdates, RunsUpdated, 'parameters' | 'moments'>;
}

/**
 * Trains one head a learning rate and seed, all in one program, and tests the best of each seed; the same work gives the
 * same result.
 * @returns a result a seed, in their order
 */
export async function trainPooledHeads(
  work: HeadWork,
  slots: Slots,
  settings: PooledSettings,
  seeds: readonly number[],
): Promise<HeadResult<PooledStored>[]> {
  const keeper = await openKeeper(work, seeds, { slots, settings });
  const head = startOf(work, slots, settings, seeds[0] as number);
  const concurrent = !fitTogether(head, seeds.length * settings.learningRates.length);
  const update: Training['update'] = work.engine.compile(
    (inputs: RunsUpdates) => pooledRunsUpdates(inputs, slots.length, settings.gradientClip),
    { name: `updates of the ${work.title}`, keeps: ['parameters', 'moments'], concurrent },
  );
  const score = scoreProgram(work, slots);
  const training: Training = { work, slots, settings, update, score, readMeans: meansReader(work.features) };
  try {
    const courses = await trainAll(training, seeds, keeper);
    const results: HeadResult<PooledStored>[] = [];
    for (const seed of seeds) {
      const result = await tested(
        training,
        courses.filter((one) => one.seed === seed),
      );
      results.push({ ...result, earlierSeconds: keeper.earlierSeconds / seeds.length });
    }
    return results;
  } finally {
    keeper.close();
    await update.dispose();
    await score.dispose();
  }
}

/** The best head of one seed, run on the test split. */
async function tested(
  { slots, work, ...rest }: Training,
  courses: readonly Course[],
): Promise<Omit<HeadResult<PooledStored>, 'earlierSeconds'>> {
  const { learningRate, best, curve } = bestCourse(courses, work.metric.direction);
  const [scored] = await predict({ slots, work, ...rest }, stackRuns([best.parameters]), 'test');
  return {
    tried: courses.map(triedRate),
    chosen: learningRate,
    curve,
    layerWeights: layerWeightsOf(best.parameters),
    head: {
      stored: { slots: slots.map(({ column, classes }) => ({ column, classes: [...classes] })) },
      parameters: best.parameters,
    },
    predictions: scored?.predictions ?? [],
  };
}

/** Trains every seed at every rate; dev is looked at after each epoch, or as often as is set. */
async function trainAll(training: Training, seeds: readonly number[], keeper: Keeper): Promise<Course[]> {
  const { work, settings } = training;
  const { maximumUpdates, batchSize, learningRates } = settings;
  const direction = work.metric.direction;
  const interval = settings.evaluateEvery || Math.ceil(epochLength(work) / batchSize);
  const streams = new Map(seeds.map((seed) => [seed, batchStream(training, seed)]));
  const { restored } = keeper;
  let courses =
    restored?.courses ?? seeds.flatMap((seed) => learningRates.map((rate) => newCourse(seed, rate)));
  let grid = restored === undefined ? startGrid(training, seeds) : restored.runs;
  let losses = restored?.losses ?? [];
  let done = restored?.done ?? 0;
  const progress = trainingProgress(work, maximumUpdates, done);
  try {
    while (grid !== undefined) {
      const last = done - (done % interval);
      const look = Math.min(maximumUpdates, last + interval);
      const goal = Math.min(look, done + mostUpdatesUnkept);
      const trained: Trained = await trainUntil(training, grid, streams, done, goal);
      losses = trained.losses.map((mean, run) => (losses[run] ?? 0) + mean * (goal - done));
      done = goal;
      grid = trained.grid;
      if (done === look) {
        const means = losses.map((sum) => sum / (look - last));
        courses = await looked(training, settings, trained.grid, courses, { update: done, means });
        losses = [];
        const going = courses.some(({ ended }) => ended === undefined);
        grid = going ? withoutEnded(trained.grid, courses) : undefined;
      }
      const best = courses.some((course) => course.best) ? bestCourse(courses, direction) : undefined;
      progress.update(done, best && `rate ${best.learningRate}, dev ${best.best.devMetric.toFixed(3)}`);
      await keeper.hold({ done, courses, runs: grid, losses });
    }
  } finally {
    progress.stop();
  }
  return [...courses];
}

/** Every seed's start at every rate. */
function startGrid({ work, slots, settings }: Training, seeds: readonly number[]): Grid {
  const rates = settings.learningRates;
  const starts = seeds.map((seed) => startOf(work, slots, settings, seed));
  const parameters = stackRuns(starts.flatMap((start) => rates.map(() => start)));
  return { seeds, rates, parameters, moments: adamStart(parameters) };
}

const startOf = (
  { features: { layers, dim } }: HeadWork,
  slots: Slots,
  { projectionSize }: PooledSettings,
  seed: number,
): HostParameters => pooledStart(seed, layers, dim, slots, projectionSize);

function batchStream({ work, slots, settings, readMeans }: Training, seed: number): BatchStream {
  return trainingBatches(work, seed, slots, settings, readMeans);
}

type BatchStream = (first: number, updates: number) => PooledBatches;

interface Trained {
  readonly grid: Grid;
  /** Of each run, the mean over the updates. */
  readonly losses: number[];
}

/** Updates `from` to `to` of every run of the grid, its parts side by side, and each run's mean loss over them. */
async function trainUntil(
  training: Training,
  grid: Grid,
  streams: ReadonlyMap<number, BatchStream>,
  from: number,
  to: number,
): Promise<Trained> {
  const parts = partsOf(grid, training.work.engine.threads);
  const mostBytes = mostBatchBytes / parts.length;
  const trained = await Promise.all(
    parts.map((part) => trainPart(training, part, streams, from, to, mostBytes)),
  );
  return {
    grid: joined(
      grid,
      trained.map((one) => one.grid),
    ),
    losses: trained.flatMap(({ losses }) => losses),
  };
}

async function trainPart(
  { work, settings, update }: Training,
  grid: Grid,
  streams: ReadonlyMap<number, BatchStream>,
  from: number,
  to: number,
  mostBytes: number,
): Promise<Trained> {
  const { layers, dim } = work.features;
  const runs = grid.seeds.length * grid.rates.length;
  const batchBytes = grid.seeds.length * layers * settings.batchSize * dim * 4;
  const most = Math.max(1, Math.min(mostUpdatesPerRun, Math.floor(mostBytes / batchBytes)));
  const rates = grid.seeds.flatMap(() => grid.rates);
  const sums = new Array<number>(runs).fill(0);
  let parameters = work.engine.hold<Parameters>(grid.parameters);
  let moments = work.engine.hold<AdamState<Parameters>>(grid.moments);
  for (let done = from; done < to; ) {
    const updates = Math.min(most, to - done);
    const batches = grid.seeds.map((seed) => (streams.get(seed) as BatchStream)(done, updates));
    const outputs = await update.run({
      parameters,
      moments,
      step: scalar(done),
      learningRates: float32([runs], rates),
      ...interleaved(batches, updates),
    });
    parameters = outputs.parameters;
    moments = outputs.moments;
    floatsOf(outputs.losses).forEach((loss, i) => {
      sums[i % runs] = (sums[i % runs] as number) + loss;
    });
    done += updates;
  }
  const ended = { ...grid, parameters: await parameters.read(), moments: await moments.read() };
  await parameters.release();
  await moments.release();
  return { grid: ended, losses: sums.map((sum) => sum / (to - from)) };
}

/** Batches of seeds, each [updates, ...], as [updates, seeds, ...]. */
function interleaved(batches: readonly PooledBatches[], updates: number): PooledBatches {
  const [first] = batches;
  if (first === undefined) throw new Error('there are no batches');
  const seeds = batches.length;
  const shapeOf = (shape: readonly number[]): number[] => [updates, seeds, ...shape.slice(1)];
  if (seeds === 1) {
    const { means, targets } = first;
    return {
      means: { ...means, shape: shapeOf(means.shape) },
      targets: { ...targets, shape: shapeOf(targets.shape) },
    };
  }
  const [width, rows] = [first.means.data.length / updates, first.targets.data.length / updates];
  const means = new Float32Array(seeds * first.means.data.length);
  const targets = new Int32Array(seeds * first.targets.data.length);
  batches.forEach((batch, seed) => {
    for (let i = 0; i < updates; i++) {
      means.set(batch.means.data.subarray(i * width, (i + 1) * width), (i * seeds + seed) * width);
      targets.set(batch.targets.data.subarray(i * rows, (i + 1) * rows), (i * seeds + seed) * rows);
    }
  });
  return {
    means: float32(shapeOf(first.means.shape), means),
    targets: int32(shapeOf(first.targets.shape), targets),
  };
}
