/** @file Trains pooled heads: every seed and learning rate in one program, the checkpoint that does best on dev. */
import { z } from 'zod';
import type { HeadResult, HeadWork } from '../../api/head-kind.js';
import type { HostParameters } from '../../base/host-tensor.js';
import { adamStart } from '../../nn/adam.js';
import { anyNumberSchema } from '../../training/checkpoint-file.js';
import { bestCourse, type Course, courseSchema, newCourse, triedRate } from '../../training/course.js';
import { type CoursesState, keepWork, type WorkKeeper } from '../../training/keep-work.js';
import { layerWeightsOf } from '../../training/layer-weights.js';
import { type Looked, runUpdates } from '../../training/loop.js';
import { trainingProgress } from '../../training/progress.js';
import { epochLength, meansReader, trainingBatches } from './batches.js';
import {
  aliveOf,
  type Grid,
  gridSchema,
  type HeldGrid,
  holdGrid,
  readGrid,
  readParameters,
  releaseGrid,
  runsOf,
  shrunkTo,
} from './grid.js';
import { coursesAfterLook } from './look.js';
import { type PooledStored, pooledStart, type Slots } from './model.js';
import { fitTogether, pooledRunsUpdates, type RunsUpdates, stackRuns } from './runs.js';
import { predict, scoreProgram } from './scoring.js';
import type { PooledSettings } from './settings.js';
import { type Training, trainUntil, updatesPerRun } from './updates.js';

/**
 * About how long training goes on between places where it may be kept or stopped. There all threads wait for each other
 * and for the next batches, some tenths of a second.
 */
const millisecondsBetweenPlaces = 10_000;
/** Runs of the program before the first place, when it is not known yet how long one takes. */
const firstRuns = 4;

/** What a checkpoint holds. */
interface StoredSearch extends CoursesState {
  /** The runs in training; none where every course has ended. */
  readonly grid?: Grid | undefined;
  /** Of each run in training, the sum of its losses since the last look at dev. */
  readonly losses: readonly number[];
}
const searchSchema: z.ZodType<StoredSearch> = z.object({
  courses: z.array(courseSchema),
  seconds: z.number(),
  grid: gridSchema.optional(),
  losses: z.array(anyNumberSchema),
});

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
  const underWay = ({ grid }: StoredSearch): boolean => grid !== undefined;
  const keeper = await keepWork(work, 'pooled-linear', { slots, settings }, seeds, searchSchema, underWay);
  const head = startOf(work, slots, settings, seeds[0] as number);
  const concurrent = !fitTogether(head, seeds.length * settings.learningRates.length);
  const update: Training['update'] = work.engine.compile(
    (inputs: RunsUpdates) => pooledRunsUpdates(inputs, slots.length, settings.gradientClip),
    {
      name: `updates of the ${work.title}`,
      keeps: ['parameters', 'moments'],
      consumes: ['means', 'targets'],
      concurrent,
    },
  );
  const score = scoreProgram(work, slots);
  const readMeans = meansReader(work.features);
  const streamOf = trainingBatches(work, slots, settings, readMeans);
  const streams = new Map(seeds.map((seed) => [seed, streamOf(seed)]));
  const training: Training = { work, slots, settings, update, score, readMeans, streams };
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
    await update.dispose();
    await score.dispose();
  }
}

/** The best head of one seed, run on the test split. */
async function tested(
  { slots, work, ...rest }: Training,
  courses: readonly Course[],
): Promise<Omit<HeadResult<PooledStored>, 'earlierSeconds'>> {
  const best = bestCourse(courses, work.metric.direction);
  if (best === undefined) throw new Error('a head needs at least one update');
  const { parameters } = best.best;
  const [scored] = await predict({ slots, work, ...rest }, stackRuns([parameters]), 'test');
  return {
    tried: courses.map(triedRate),
    chosen: best.learningRate,
    curve: best.curve,
    layerWeights: layerWeightsOf(parameters),
    head: {
      stored: { slots: slots.map(({ column, classes }) => ({ column, classes: [...classes] })) },
      parameters,
    },
    predictions: scored?.predictions ?? [],
  };
}

interface SearchState {
  readonly grid: HeldGrid;
  readonly courses: readonly Course[];
  readonly losses: readonly number[];
}

/** Trains every seed at every rate; dev is looked at after each epoch, or as often as is set. */
async function trainAll(
  training: Training,
  seeds: readonly number[],
  keeper: WorkKeeper<StoredSearch>,
): Promise<readonly Course[]> {
  const { work, settings } = training;
  const { engine, metric } = work;
  const { maximumUpdates, batchSize, learningRates } = settings;
  const every = settings.evaluateEvery || Math.ceil(epochLength(work) / batchSize);
  const restored = keeper.restored?.state;
  if (restored !== undefined && restored.grid === undefined) return restored.courses;
  const start = restored?.grid ?? startGrid(training, seeds);
  const begun = keeper.restored?.update ?? 0;
  const progress = trainingProgress(work, maximumUpdates, begun);
  const first = holdGrid(engine, start);
  // Places are whole runs of the program apart: what is left over would need a program of its own.
  let perRun = updatesPerRun(training, first);
  let pace = (firstRuns * perRun) / millisecondsBetweenPlaces;
  const stored = async ({ grid, courses, losses }: SearchState): Promise<StoredSearch> => {
    const going = courses.some(({ ended }) => ended === undefined);
    return { courses, losses, seconds: keeper.seconds(), grid: going ? await readGrid(grid) : undefined };
  };
  try {
    const { update, state, interrupted } = await runUpdates<SearchState, StoredSearch>(
      {
        updates: maximumUpdates,
        mostAtOnce: () => perRun * Math.max(1, Math.floor((millisecondsBetweenPlaces * pace) / perRun)),
        keeper,
        signal: keeper.signal,
        async step({ grid, courses, losses }, from, to) {
          const started = performance.now();
          const sums = losses.length > 0 ? losses : new Array<number>(runsOf(grid)).fill(0);
          const trained = await trainUntil(training, grid, sums, from, to);
          pace = (to - from) / (performance.now() - started);
          return { ...trained, courses };
        },
        looks: {
          every,
          async look(state, update) {
            const after = await lookAt(training, state, update, every);
            perRun = updatesPerRun(training, after.state.grid);
            return after;
          },
        },
        stored,
        release: ({ grid }) => releaseGrid(grid),
        report({ courses }, update) {
          const best = bestCourse(courses, metric.direction);
          progress.update(update, best && `rate ${best.learningRate}, dev ${best.best.devMetric.toFixed(3)}`);
        },
      },
      {
        update: begun,
        state: {
          grid: first,
          courses:
            restored?.courses ?? seeds.flatMap((seed) => learningRates.map((rate) => newCourse(seed, rate))),
          losses: restored?.losses ?? [],
        },
      },
    );
    await releaseGrid(state.grid);
    if (interrupted) keeper.signal?.throwIfAborted();
    // Tests may be interrupted: training is not done again.
    await keeper.write(update, () => stored(state));
    return state.courses;
  } finally {
    progress.stop();
  }
}

/** Looks at dev; what has ended goes on no more. */
async function lookAt(
  training: Training,
  { grid, courses: before, losses }: SearchState,
  update: number,
  every: number,
): Promise<Looked<SearchState>> {
  const { work, settings } = training;
  const last = update - 1 - ((update - 1) % every);
  const means = losses.map((sum) => sum / (update - last));
  const parameters = await readParameters(grid);
  const courses = await coursesAfterLook(training, settings, grid, parameters, before, { update, means });
  const alive = aliveOf(grid, courses);
  const ended = runsOf(alive) === 0;
  const next = ended ? grid : await shrunkTo(work.engine, grid, alive);
  return { state: { grid: next, courses, losses: [] }, ended };
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
