/** @file The course of one training among several, and when it ends: stalled, hopeless beside a better one, diverged, or full. */
import { z } from 'zod';
import { type CurvePoint, type Ending, endings, type TriedRate } from '../api/head-kind.js';
import type { TaskMetric } from '../api/task.js';
import { UserError } from '../base/errors.js';
import type { HostParameters } from '../base/host-tensor.js';
import { anyNumberSchema, hostParametersSchema } from './checkpoint-file.js';

export type Direction = TaskMetric['direction'];

/** What a look at dev measures. */
export type DevScores = Pick<CurvePoint, 'devMetric' | 'devLoss'>;

/** A model as it was after some update, and how it did on dev. */
export interface Checkpoint extends DevScores {
  readonly parameters: HostParameters;
  readonly update: number;
}

/** A training of one seed (and layer) at one rate, as far as it has come. */
export interface Course {
  readonly seed: number;
  /** The hidden state that it sees alone, where heads are trained layer by layer. */
  readonly layer?: number | undefined;
  readonly learningRate: number;
  readonly best?: Checkpoint | undefined;
  readonly curve: readonly CurvePoint[];
  /** Looks at dev since the best one. */
  readonly stale: number;
  /** The update after which a loss or metric was no number. */
  readonly divergedAt?: number | undefined;
  readonly ended?: Ending | undefined;
}

const devScores = { devMetric: anyNumberSchema, devLoss: anyNumberSchema };

/** Of a course in a checkpoint. */
export const courseSchema = z.object({
  seed: z.int(),
  layer: z.int().optional(),
  learningRate: z.number(),
  best: z.object({ ...devScores, update: z.int(), parameters: hostParametersSchema }).optional(),
  curve: z.array(z.object({ ...devScores, update: z.int(), trainLoss: anyNumberSchema })),
  stale: z.int(),
  divergedAt: z.int().optional(),
  ended: z.enum(endings).optional(),
});

export const newCourse = (seed: number, learningRate: number, layer?: number): Course => ({
  seed,
  ...(layer !== undefined && { layer }),
  learningRate,
  curve: [],
  stale: 0,
});

/** A course that was looked at. */
export type JudgedCourse = Course & { readonly best: Checkpoint };

/** How many updates a course has had at its last look. */
export const updatesOf = ({ curve, divergedAt }: Course): number => divergedAt ?? curve.at(-1)?.update ?? 0;

/** Which of two looks with one metric is the better: that of the lower loss, or the first one, as s3prl has it. */
export type Ties = 'loss' | 'first';

/** Whether `a` ranks before `b`: a better metric, or the same one with a lower loss. */
export function isBetter(a: DevScores, b: DevScores | undefined, direction: Direction): boolean {
  if (b === undefined) return true;
  if (a.devMetric !== b.devMetric)
    return direction === 'higher' ? a.devMetric > b.devMetric : a.devMetric < b.devMetric;
  return a.devLoss < b.devLoss;
}

/**
 * The course after one more look at dev; an ended one stays as it is. One whose loss or metric is no finite number has diverged:
 * Adam's moments hold it for good, so that no later update could be any.
 * @param read gives the parameters of now: they are asked for only where they are the best so far
 */
export async function afterLook(
  course: Course,
  point: CurvePoint,
  read: () => HostParameters | Promise<HostParameters>,
  direction: Direction,
  ties: Ties = 'loss',
): Promise<Course> {
  if (course.ended !== undefined) return course;
  const { trainLoss, devMetric, devLoss, update } = point;
  if (![trainLoss, devMetric, devLoss].every(Number.isFinite))
    return { ...course, divergedAt: update, ended: 'diverged' };
  const tied = ties === 'first' && devMetric === course.best?.devMetric;
  const better = !tied && isBetter(point, course.best, direction);
  return {
    ...course,
    best: better ? { devMetric, devLoss, update, parameters: await read() } : course.best,
    curve: [...course.curve, point],
    stale: better ? 0 : course.stale + 1,
  };
}

/** Looks at dev before which nobody is hopeless. */
const fairLooks = 40;
/** How many times more updates a hopeless one has had: a rate a tenth as large learns about a tenth as fast. */
const handicap = 10;

export interface Limits {
  /** Looks at dev without a better one that end a training; 0: none do. */
  readonly patience: number;
  readonly maximumUpdates: number;
}

/**
 * Courses with their endings. Hopeless is who has not yet reached, in metric nor in loss, what another rate of its seed
 * had reached within a tenth of the updates. Without patience none stalls, nor is any hopeless.
 */
export function withEndings(
  courses: readonly Course[],
  direction: Direction,
  { patience, maximumUpdates }: Limits,
): Course[] {
  return courses.map((course) => {
    if (course.ended !== undefined) return course;
    if (updatesOf(course) >= maximumUpdates) return { ...course, ended: 'finished' };
    if (patience > 0 && course.stale >= patience) return { ...course, ended: 'stalled' };
    const looks = course.curve.length;
    if (patience === 0 || looks < fairLooks) return course;
    const own = bestOf(course.curve, direction);
    const behind = courses.some((other) => {
      if (other === course || !together(other, course)) return false;
      const early = bestOf(other.curve.slice(0, Math.floor(looks / handicap)), direction);
      const metricAhead = direction === 'higher' ? early.metric > own.metric : early.metric < own.metric;
      return metricAhead && early.loss < own.loss;
    });
    return behind ? { ...course, ended: 'hopeless' } : course;
  });
}

/** Whether one of the two is chosen: they differ in rate alone. */
const together = (a: Course, b: Course): boolean => a.seed === b.seed && a.layer === b.layer;

/** The best metric and the lowest loss, each by itself. */
function bestOf(
  curve: readonly CurvePoint[],
  direction: Direction,
): { readonly metric: number; readonly loss: number } {
  const sign = direction === 'higher' ? 1 : -1;
  return {
    metric: sign * Math.max(...curve.map(({ devMetric }) => sign * devMetric)),
    loss: Math.min(...curve.map(({ devLoss }) => devLoss)),
  };
}

/** The course whose best checkpoint is the best of all; undefined before the first look. */
export function bestCourse(courses: readonly Course[], direction: Direction): JudgedCourse | undefined {
  const judged = courses.flatMap((course) =>
    course.best === undefined ? [] : [{ ...course, best: course.best }],
  );
  const [first, ...others] = judged;
  if (first === undefined) return undefined;
  return others.reduce((a, b) => (isBetter(b.best, a.best, direction) ? b : a), first);
}

/**
 * The best of courses that have ended.
 * @param title whose they are: `ks head of tiny`
 * @throws UserError (exit code 1) where all of them diverged before their first look at dev
 */
export function chosenCourse(courses: readonly Course[], direction: Direction, title: string): JudgedCourse {
  const best = bestCourse(courses, direction);
  if (best !== undefined) return best;
  const rates = courses.map(({ learningRate }) => learningRate).join(', ');
  throw new UserError(`the ${title} diverged at every learning rate (${rates})`, {
    exitCode: 1,
    hint: 'Lower the learning rate (--lr RATE)',
  });
}

/** What a record says of a course that has ended. */
export function triedRate(course: Course): TriedRate {
  const { learningRate, best, ended } = course;
  if (ended === undefined) throw new Error('a training that has not ended');
  return { learningRate, devMetric: best?.devMetric ?? null, updates: updatesOf(course), ended };
}

/** Courses without the parameters of those that have ended and are not their seed's best: these are never tested. */
export function withoutBeaten(courses: readonly Course[], direction: Direction): Course[] {
  return courses.map((course) => {
    const { best, ended } = course;
    if (best === undefined || ended === undefined) return course;
    const first = bestCourse(
      courses.filter((other) => together(other, course)),
      direction,
    );
    return first?.best === best ? course : { ...course, best: { ...best, parameters: {} } };
  });
}
