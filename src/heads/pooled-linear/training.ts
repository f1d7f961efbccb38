/** @file Trains pooled heads: every seed and learning rate in one program, the checkpoint that does best on dev. */
import { z } from 'zod';
import type { HeadResult, HeadWork, LayerResult, Prediction, TriedRate } from '../../api/head-kind.js';
import type { HostParameters } from '../../base/host-tensor.js';
import { adamStart } from '../../nn/adam.js';
import { anyNumberSchema } from '../../training/checkpoint-file.js';
import {
  bestCourse,
  type Course,
  chosenCourse,
  courseSchema,
  type JudgedCourse,
  newCourse,
  triedRate,
} from '../../training/course.js';
import { type CoursesState, keepWork, type WorkKeeper } from '../../training/keep-work.js';
import { layerWeightsOf } from '../../training/layer-weights.js';
import { type Looked, runUpdates } from '../../training/loop.js';
import { trainingProgress } from '../../training/progress.js';
import { meansStandard } from '../standard.js';
import { type Average, averaged, averageSchema } from './average.js';
import { type BatchStream, epochLength, meansReader, trainingBatches } from './batches.js';
import {
  aliveOf,
  type Grid,
  gridSchema,
  type HeldGrid,
  holdGrid,
  isOf,
  readGrid,
  readParameters,
  releaseGrid,
  runsAt,
  runsOf,
  type Source,
  shrunkTo,
} from './grid.js';
import { coursesAfterLook } from './look.js';
import { type PooledStored, pooledStart, type Slots, withOutputs } from './model.js';
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
  readonly average?: Average | undefined;
}
const searchSchema: z.ZodType<StoredSearch> = z.object({
  courses: z.array(courseSchema),
  seconds: z.number(),
  grid: gridSchema.optional(),
  losses: z.array(anyNumberSchema),
  average: averageSchema.optional(),
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
  const sources = seeds.map((seed) => ({ seed }));
  const trained = await trainedAndTested(work, slots, settings, sources, 'pooled-linear');
  const { tested, standard, earlierSeconds } = trained;
  return tested.map(({ course, tried, predictions }) => ({
    tried,
    chosen: course.learningRate,
    curve: course.curve,
    layerWeights: layerWeightsOf(course.best.parameters),
    head: {
      stored: {
        slots: withOutputs(slots, settings).map(({ column, classes }) => ({ column, classes: [...classes] })),
      },
      parameters: { ...course.best.parameters, ...standard },
    },
    predictions,
    earlierSeconds: earlierSeconds / seeds.length,
  }));
}

/**
 * The same of every hidden state alone: one head a seed, hidden state and rate, all in one program, on the features that are
 * there. Each is the head that the setting `layers` with this hidden state gives.
 * @returns of each seed, in their order, a result a hidden state
 */
export async function trainLayers(
  work: HeadWork,
  slots: Slots,
  settings: PooledSettings,
  seeds: readonly number[],
): Promise<LayerResult[][]> {
  const layers = Array.from({ length: work.features.layers }, (_, layer) => layer);
  const sources = seeds.flatMap((seed) => layers.map((layer) => ({ seed, layer })));
  const { tested } = await trainedAndTested(work, slots, settings, sources, 'pooled-linear layers');
  return seeds.map((_, i) =>
    layers.map((layer): LayerResult => {
      const { course, tried, predictions } = tested[i * layers.length + layer] as TestedSource;
      return { layer, tried, chosen: course.learningRate, curve: course.curve, predictions };
    }),
  );
}

/** What is best for a source, run on the test split. */
interface TestedSource {
  readonly course: JudgedCourse;
  readonly tried: readonly TriedRate[];
  readonly predictions: readonly Prediction[];
}

/**
 * Trains a head a source and rate, and tests the best of each source.
 * @param kind names the training in its checkpoint
 */
async function trainedAndTested(
  work: HeadWork,
  named: Slots,
  settings: PooledSettings,
  sources: readonly Source[],
  kind: string,
): Promise<{
  readonly tested: readonly TestedSource[];
  readonly standard: HostParameters;
  readonly earlierSeconds: number;
}> {
  const slots = withOutputs(named, settings);
  const seeds = [...new Set(sources.map(({ seed }) => seed))];
  const underWay = ({ grid }: StoredSearch): boolean => grid !== undefined;
  const keeper = await keepWork(work, kind, { slots, settings }, seeds, searchSchema, underWay);
  const layers = sources[0]?.layer === undefined ? work.features.layers : 1;
  const head = pooledStart(0, layers, work.features.dim, slots, settings.projectionSize);
  const concurrent = !fitTogether(head, sources.length * settings.learningRates.length);
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
  const standard = settings.standardize ? await meansStandard(work.features, work.places.train) : {};
  const readMeans = meansReader(work.features, standard);
  const streams = trainingBatches(work, slots, settings, readMeans);
  const known = sources.map((source) => [source, streams(source)] as const);
  const streamOf = (source: Source): BatchStream =>
    known.find(([one]) => isOf(one, source))?.[1] as BatchStream;
  const training: Training = { work, slots, settings, layers, update, score, readMeans, streamOf };
  try {
    const courses = await trainAll(training, sources, keeper);
    const tested: TestedSource[] = [];
    for (const source of sources) {
      const own = courses.filter((course) => isOf(course, source));
      const course = chosenCourse(own, work.metric.direction, work.title);
      const [scored] = await predict(training, stackRuns([course.best.parameters]), 'test', [source]);
      tested.push({ course, tried: own.map(triedRate), predictions: scored?.predictions ?? [] });
    }
    return { tested, standard, earlierSeconds: keeper.earlierSeconds };
  } finally {
    await update.dispose();
    await score.dispose();
  }
}

interface SearchState {
  readonly grid: HeldGrid;
  readonly courses: readonly Course[];
  readonly losses: readonly number[];
  /** Of weights over looks, where they are averaged. */
  readonly average: Average | undefined;
}

/** Trains every source at every rate; dev is looked at after each epoch, or as often as is set. */
async function trainAll(
  training: Training,
  sources: readonly Source[],
  keeper: WorkKeeper<StoredSearch>,
): Promise<readonly Course[]> {
  const { work, settings } = training;
  const { engine, metric } = work;
  const { maximumUpdates, batchSize, learningRates } = settings;
  const every = settings.evaluateEvery || Math.ceil(epochLength(work) / batchSize);
  const restored = keeper.restored?.state;
  if (restored !== undefined && restored.grid === undefined) return restored.courses;
  const start = restored?.grid ?? startGrid(training, sources);
  const begun = keeper.restored?.update ?? 0;
  const progress = trainingProgress(work, maximumUpdates, begun);
  const first = holdGrid(engine, start);
  // Places are whole runs of the program apart: what is left over would need a program of its own.
  let perRun = updatesPerRun(training, first);
  let pace = (firstRuns * perRun) / millisecondsBetweenPlaces;
  const stored = async ({ grid, courses, losses, average }: SearchState): Promise<StoredSearch> => {
    const done = { courses, losses, seconds: keeper.seconds() };
    const going = courses.some(({ ended }) => ended === undefined);
    return going ? { ...done, grid: await readGrid(grid), ...(average && { average }) } : done;
  };
  try {
    const { update, state, interrupted } = await runUpdates<SearchState, StoredSearch>(
      {
        updates: maximumUpdates,
        mostAtOnce: () => perRun * Math.max(1, Math.floor((millisecondsBetweenPlaces * pace) / perRun)),
        keeper,
        signal: keeper.signal,
        async step({ grid, courses, losses, average }, from, to) {
          const started = performance.now();
          const sums = losses.length > 0 ? losses : new Array<number>(runsOf(grid)).fill(0);
          const trained = await trainUntil(training, grid, sums, from, to);
          pace = (to - from) / (performance.now() - started);
          return { ...trained, courses, average };
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
            restored?.courses ??
            sources.flatMap(({ seed, layer }) => learningRates.map((rate) => newCourse(seed, rate, layer))),
          losses: restored?.losses ?? [],
          average: restored?.average,
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
  { grid, courses: before, losses, average: earlier }: SearchState,
  update: number,
  every: number,
): Promise<Looked<SearchState>> {
  const { work, settings } = training;
  const last = update - 1 - ((update - 1) % every);
  const means = losses.map((sum) => sum / (update - last));
  const now = await readParameters(grid);
  const { averagedLooks } = settings;
  const average = averagedLooks === undefined ? undefined : averaged(earlier, now, averagedLooks);
  const { parameters } = average ?? { parameters: now };
  const courses = await coursesAfterLook(training, settings, grid, parameters, before, { update, means });
  const alive = aliveOf(grid, courses);
  const ended = runsOf(alive) === 0;
  const next = ended ? grid : await shrunkTo(work.engine, grid, alive);
  const ofNext = average && { ...average, parameters: runsAt(grid, next, parameters) };
  return { state: { grid: next, courses, losses: [], average: ofNext }, ended };
}

/** Every source's start at every rate: a seed's is the same whatever it sees. */
function startGrid({ work, slots, settings, layers }: Training, sources: readonly Source[]): Grid {
  const { learningRates: rates, projectionSize } = settings;
  const starts = sources.map(({ seed }) =>
    pooledStart(seed, layers, work.features.dim, slots, projectionSize),
  );
  const parameters = stackRuns(starts.flatMap((start) => rates.map(() => start)));
  return { sources, rates, parameters, moments: adamStart(parameters) };
}
