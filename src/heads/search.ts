/** @file The course of one training among several, and when it ends: stalled, hopeless beside a better one, or full. */
import type { CurvePoint, Ending, TriedRate } from '../api/head-kind.js';
import type { TaskMetric } from '../api/task.js';
import type { HostParameters } from '../base/host-tensor.js';
import { type Checkpoint, isBetter } from './ranking.js';

/** A training of one seed at one rate, as far as it has come. */
export interface Course {
  readonly seed: number;
  readonly learningRate: number;
  readonly best: Checkpoint | undefined;
  readonly curve: readonly CurvePoint[];
  /** Looks at dev since the best one. */
  readonly stale: number;
  readonly ended: Ending | undefined;
}

export const newCourse = (seed: number, learningRate: number): Course => ({
  seed,
  learningRate,
  best: undefined,
  curve: [],
  stale: 0,
  ended: undefined,
});

/** The course after one more look at dev; an ended one stays as it is. */
export function advanced(
  course: Course,
  point: CurvePoint,
  parameters: () => HostParameters,
  direction: TaskMetric['direction'],
): Course {
  if (course.ended !== undefined) return course;
  const { devMetric, devLoss, update } = point;
  const better = isBetter({ devMetric, devLoss, update, parameters: {} }, course.best, direction);
  return {
    ...course,
    best: better ? { devMetric, devLoss, update, parameters: parameters() } : course.best,
    curve: [...course.curve, point],
    stale: better ? 0 : course.stale + 1,
  };
}

/** Looks at dev before which nobody is hopeless. */
const fairLooks = 40;
/** How many times more updates a hopeless one has had: a rate a tenth as large learns about a tenth as fast. */
const handicap = 10;

/**
 * Courses of one seed with their endings. Hopeless is who has not yet reached, in metric nor in loss, what another rate
 * had reached within a tenth of the updates.
 * @param limits patience 0 never stalls, nor are any hopeless
 */
export function withEndings(
  courses: readonly Course[],
  direction: TaskMetric['direction'],
  limits: { readonly patience: number; readonly maximumUpdates: number },
): Course[] {
  return courses.map((course) => {
    if (course.ended !== undefined) return course;
    const { patience, maximumUpdates } = limits;
    if ((course.curve.at(-1)?.update ?? 0) >= maximumUpdates) return { ...course, ended: 'finished' };
    if (patience > 0 && course.stale >= patience) return { ...course, ended: 'stalled' };
    const looks = course.curve.length;
    if (patience === 0 || looks < fairLooks) return course;
    const own = reached(course.curve, direction);
    const behind = courses.some((other) => {
      if (other === course) return false;
      const early = reached(other.curve.slice(0, Math.floor(looks / handicap)), direction);
      const metricAhead = direction === 'higher' ? early.metric > own.metric : early.metric < own.metric;
      return metricAhead && early.loss < own.loss;
    });
    return behind ? { ...course, ended: 'hopeless' } : course;
  });
}

/** The best metric and the lowest loss, each by itself. */
function reached(
  curve: readonly CurvePoint[],
  direction: TaskMetric['direction'],
): { readonly metric: number; readonly loss: number } {
  const sign = direction === 'higher' ? 1 : -1;
  return {
    metric: sign * Math.max(...curve.map(({ devMetric }) => sign * devMetric)),
    loss: Math.min(...curve.map(({ devLoss }) => devLoss)),
  };
}

/** The course whose best checkpoint is the best of all. */
export function bestCourse(
  courses: readonly Course[],
  direction: TaskMetric['direction'],
): Course & { readonly best: Checkpoint } {
  const judged = courses.flatMap((course) =>
    course.best === undefined ? [] : [{ ...course, best: course.best }],
  );
  const [first, ...others] = judged;
  if (first === undefined) throw new Error('a head needs at least one update');
  return others.reduce((a, b) => (isBetter(b.best, a.best, direction) ? b : a), first);
}

/** What a record says of a course that has ended. */
export function triedRate({ learningRate, best, curve, ended }: Course): TriedRate {
  if (best === undefined || ended === undefined) throw new Error('a training that has not ended');
  return { learningRate, devMetric: best.devMetric, updates: curve.at(-1)?.update ?? 0, ended };
}

/** Courses without the parameters of those that have ended and are not their seed's best: these are never tested. */
export function withoutBeaten(courses: readonly Course[], direction: TaskMetric['direction']): Course[] {
  return courses.map((course) => {
    const { best, ended, seed } = course;
    if (best === undefined || ended === undefined) return course;
    const first = bestCourse(
      courses.filter((other) => other.seed === seed),
      direction,
    );
    return first.best === best ? course : { ...course, best: { ...best, parameters: {} } };
  });
}
