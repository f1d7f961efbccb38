/** @file A look at dev of the runs in training: what it makes of their courses. */
import type { HeadWork } from '../../api/head-kind.js';
import type { HostParameters } from '../../base/host-tensor.js';
import { afterLook, type Course, type DevScores, withEndings, withoutBeaten } from '../../training/course.js';
import { type Axes, isOf } from './grid.js';
import { groupsBy } from './groups.js';
import { runOf } from './runs.js';
import { predict, type Scored, type Scoring } from './scoring.js';
import type { PooledSettings } from './settings.js';
import { targetsOf } from './targets.js';

/**
 * The courses after a look at dev.
 * @param parameters of the runs in training, each [runs, ...]
 * @param means of the runs' losses since the last look
 */
export async function coursesAfterLook(
  scoring: Scoring,
  settings: PooledSettings,
  axes: Axes,
  parameters: HostParameters,
  courses: readonly Course[],
  { update, means }: { readonly update: number; readonly means: readonly number[] },
): Promise<Course[]> {
  const { work, slots } = scoring;
  const { direction } = work.metric;
  const scored = await predict(scoring, parameters, 'dev', axes.sources);
  const classes =
    settings.devOver === 'classes' ? rowsByClass(targetsOf(work, slots, 'dev'), slots.length) : undefined;
  const next: Course[] = [];
  for (const course of courses) {
    const run = placeIn(axes, course);
    const dev = run === undefined ? undefined : scored[run];
    if (run === undefined || dev === undefined) {
      next.push(course);
      continue;
    }
    const point = {
      update,
      trainLoss: means[run] as number,
      ...(classes === undefined
        ? { devMetric: work.score(dev.predictions, 'dev'), devLoss: dev.loss }
        : overClasses(work, dev, classes)),
    };
    const { seed, learningRate, layer } = course;
    work.onLook?.({ seed, learningRate, layer, ...point });
    next.push(await afterLook(course, point, () => runOf(parameters, run), direction, settings.ties));
  }
  return withoutBeaten(withEndings(next, direction, settings), direction);
}

/** The rows of each class; of several slots, of each that they have together. */
function rowsByClass(targets: Int32Array, slots: number): number[][] {
  const classes = groupsBy(targets.length / slots, (row) =>
    targets.subarray(row * slots, (row + 1) * slots).join(),
  );
  return Array.from({ length: classes.count }, (_, group) =>
    Array.from({ length: classes.size(group) }, (_, i) => classes.member(group, i)),
  );
}

/** Means over classes: what a draw that is balanced over them has on average. */
function overClasses(
  { score }: HeadWork,
  { predictions, losses }: Scored,
  classes: readonly number[][],
): DevScores {
  return {
    devMetric: mean(classes.map((rows) => score(predictions, 'dev', rows))),
    devLoss: mean(classes.map((rows) => mean(rows.map((row) => losses[row] as number)))),
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value / values.length, 0);

/** Where the run of a course stands in the grid. */
function placeIn({ sources, rates }: Axes, course: Course): number | undefined {
  const row = sources.findIndex((source) => isOf(source, course));
  const column = rates.indexOf(course.learningRate);
  return row < 0 || column < 0 ? undefined : row * rates.length + column;
}
