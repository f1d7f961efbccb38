/** @file Trains one model after the other, every seed at every rate, and gives each seed's best: for head kinds. */
import { z } from 'zod';
import type { CurvePoint, HeadWork, TriedRate } from '../api/head-kind.js';
import type { HostParameters } from '../base/host-tensor.js';
import type { Given, Held } from '../engine/engine.js';
import type * as tf from '../engine/ops.js';
import type { Parameters, Tree } from '../engine/tree.js';
import { type AdamSettings, adamDefaults, adamStart } from '../nn/adam.js';
import { anyNumberSchema } from './checkpoint-file.js';
import {
  afterLook,
  type Course,
  chosenCourse,
  courseSchema,
  type DevScores,
  newCourse,
  type Ties,
  triedRate,
  updatesOf,
  withEndings,
  withoutBeaten,
} from './course.js';
import type { LossFunction } from './gradient-sums.js';
import {
  type HeldWeights,
  readWeights,
  releaseWeights,
  type Weights,
  weightsSchema,
} from './held-weights.js';
import { type CoursesState, type KeptWork, keepWork, type WorkKeeper } from './keep-work.js';
import type { Kept } from './keeper.js';
import { runUpdates } from './loop.js';
import { trainingProgress } from './progress.js';
import { constantRate, type Schedule } from './schedule.js';
import { compileUpdates, type Updates } from './updates.js';

export interface OneByOneSettings {
  /** Every one is tried; dev decides. */
  readonly learningRates: readonly number[];
  readonly maximumUpdates: number;
  /** Updates between looks at dev; 0 for once an epoch. */
  readonly evaluateEvery: number;
  /** How many looks at dev without a better one end a training; 0: it ends at the last update only. */
  readonly patience: number;
  readonly gradientClip: number;
  /** Which of two looks with one metric is the better (default: that of the lower loss). */
  readonly ties?: Ties | undefined;
}

/** The part of a head's work that training itself needs. */
export type TrainingWork = KeptWork & Pick<HeadWork, 'engine' | 'metric' | 'quiet' | 'onProgress' | 'onLook'>;

/** A kind of model to train, and how. */
export interface OneByOne<Inputs extends Tree<tf.Tensor>> {
  readonly work: TrainingWork;
  /** Names the kind in its checkpoints. */
  readonly kind: string;
  /** All that decides the result beside the work: what is to be learnt, settings. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly seeds: readonly number[];
  readonly settings: OneByOneSettings;
  /** Default: constant. */
  readonly schedule?: Schedule;
  readonly epochUpdates: number;
  /** The parameters before the first update. */
  start(seed: number): HostParameters;
  /** A batch, counted from 0: a matter of seed and number alone. */
  inputs(batch: number, seed: number): Promise<Given<Inputs>>;
  /** Batches that make an update together, the mean of their gradients (default: one). */
  readonly accumulation?: number;
  readonly loss: LossFunction<Inputs>;
  /** What differs from torch.optim.Adam's defaults. */
  readonly optimizer?: Partial<AdamSettings>;
  /** Runs dev. */
  look(parameters: Held<Parameters>): Promise<DevScores>;
}

/** A seed's best training. */
export interface TrainedSeed {
  readonly seed: number;
  readonly tried: readonly TriedRate[];
  /** The learning rate of the best. */
  readonly chosen: number;
  /** Every look at dev on the way to it. */
  readonly curve: readonly CurvePoint[];
  readonly parameters: HostParameters;
  /** Spent on it before an interruption. */
  readonly earlierSeconds: number;
}

interface StoredState extends CoursesState {
  /** The training under way, and the sum of its losses since the last look at dev. */
  readonly running?: (Weights & { readonly lossSum: number }) | undefined;
}
const stateSchema: z.ZodType<StoredState> = z.object({
  courses: z.array(courseSchema),
  seconds: z.number(),
  running: weightsSchema.extend({ lossSum: anyNumberSchema }).optional(),
});

/**
 * Trains every seed at every rate, one after the other; the same work gives the same result.
 * @returns a result a seed, in their order
 * @throws the signal's reason when the training is interrupted, once its state is on disk
 */
export async function trainOneByOne<Inputs extends Tree<tf.Tensor>>(
  training: OneByOne<Inputs>,
): Promise<TrainedSeed[]> {
  const { work, settings } = training;
  const optimizer = { ...adamDefaults, ...training.optimizer, clipNorm: settings.gradientClip };
  const updates = compileUpdates(work.engine, training.loss, optimizer, work.title);
  const trained: TrainedSeed[] = [];
  try {
    for (const seed of training.seeds) trained.push(await trainSeed(training, updates, seed));
  } finally {
    await updates.dispose();
  }
  return trained;
}

/** Trains one seed at every rate. */
async function trainSeed<Inputs extends Tree<tf.Tensor>>(
  training: OneByOne<Inputs>,
  updates: Updates<Inputs>,
  seed: number,
): Promise<TrainedSeed> {
  const { work, kind, given, settings } = training;
  const { learningRates, maximumUpdates } = settings;
  const isUnderWay = ({ running }: StoredState): boolean => running !== undefined;
  const keeper = await keepWork(work, kind, given, [seed], stateSchema, isUnderWay);
  const { restored } = keeper;
  let courses = restored?.state.courses ?? learningRates.map((rate) => newCourse(seed, rate));
  let begun = restored !== undefined && isUnderWay(restored.state) ? restored : undefined;
  const nextCourse = (): number => courses.findIndex(({ ended }) => ended === undefined);
  const over = courses.filter(({ ended }) => ended !== undefined).length;
  const before = over * maximumUpdates + (begun?.update ?? 0);
  const progress = trainingProgress(work, courses.length * maximumUpdates, before);
  try {
    for (let at = nextCourse(); at >= 0; at = nextCourse()) {
      const first = at * maximumUpdates;
      const report = (update: number, note: string): void => progress.update(first + update, note);
      courses = await trainCourse({ training, updates, keeper, report }, courses, at, begun);
      begun = undefined;
    }
    const [last] = courses.slice(-1);
    // What follows, tests or other seeds, may be interrupted: this one is not trained again.
    if (over < courses.length)
      await keeper.write(last === undefined ? 0 : updatesOf(last), async () => ({
        courses,
        seconds: keeper.seconds(),
      }));
  } finally {
    progress.stop();
  }
  const best = chosenCourse(courses, work.metric.direction, work.title);
  return {
    seed,
    tried: courses.map(triedRate),
    chosen: best.learningRate,
    curve: best.curve,
    parameters: best.best.parameters,
    earlierSeconds: keeper.earlierSeconds,
  };
}

interface Underway<Inputs extends Tree<tf.Tensor>> {
  readonly training: OneByOne<Inputs>;
  readonly updates: Updates<Inputs>;
  readonly keeper: WorkKeeper<StoredState>;
  readonly report: (update: number, note: string) => void;
}

interface CourseState {
  readonly weights: HeldWeights;
  readonly courses: readonly Course[];
  readonly lossSum: number;
}

/** Trains the course at a place to its end, from its start or from where it was interrupted. */
async function trainCourse<Inputs extends Tree<tf.Tensor>>(
  { training, updates, keeper, report }: Underway<Inputs>,
  courses: readonly Course[],
  at: number,
  begun: Kept<StoredState> | undefined,
): Promise<readonly Course[]> {
  const { work, settings, schedule = constantRate, accumulation = 1 } = training;
  const { maximumUpdates } = settings;
  const { direction } = work.metric;
  const { seed, learningRate } = courses[at] as Course;
  const every = settings.evaluateEvery || training.epochUpdates;
  const parameters = training.start(seed);
  const start = begun?.state.running ?? { parameters, moments: adamStart(parameters), lossSum: 0 };
  const { state, interrupted } = await runUpdates<CourseState, StoredState>(
    {
      updates: maximumUpdates,
      keeper,
      signal: keeper.signal,
      async step({ weights, lossSum, ...rest }, update) {
        const parts: Given<Inputs>[] = [];
        for (let part = 0; part < accumulation; part++)
          parts.push(await training.inputs(update * accumulation + part, seed));
        const rate = schedule(learningRate, update);
        const next = await updates.update(weights, parts, { updatesBefore: update, learningRate: rate });
        return { ...rest, weights: next.weights, lossSum: lossSum + next.loss };
      },
      looks: {
        every,
        async look({ weights, courses: before, lossSum }, update) {
          const last = update - 1 - ((update - 1) % every);
          const scores = await training.look(weights.trained);
          const point = { update, trainLoss: lossSum / (update - last), ...scores };
          work.onLook?.({ seed, learningRate, ...point });
          const read = (): Promise<HostParameters> => weights.trained.read();
          const looked = await afterLook(before[at] as Course, point, read, direction, settings.ties);
          const after = before.map((course, i) => (i === at ? looked : course));
          const next = withoutBeaten(withEndings(after, direction, settings), direction);
          return {
            state: { weights, courses: next, lossSum: 0 },
            ended: next[at]?.ended !== undefined,
          };
        },
      },
      async stored({ weights, courses: all, lossSum }) {
        const going = all[at]?.ended === undefined;
        return {
          courses: all,
          seconds: keeper.seconds(),
          running: going ? { ...(await readWeights(weights)), lossSum } : undefined,
        };
      },
      release: ({ weights }) => releaseWeights(weights),
      report({ courses: all }, update) {
        report(update, `rate ${learningRate}, dev ${all[at]?.best?.devMetric.toFixed(3) ?? '-'}`);
      },
    },
    {
      update: begun?.update ?? 0,
      state: { weights: updates.hold(start, begun?.update ?? 0), courses, lossSum: start.lossSum },
    },
  );
  await releaseWeights(state.weights);
  if (interrupted) keeper.signal?.throwIfAborted();
  return state.courses;
}
