/** @file A look at dev of the runs in training: what it makes of their courses. */
import type { HostParameters } from '../../base/host-tensor.js';
import { afterLook, type Course, withEndings, withoutBeaten } from '../../training/course.js';
import type { Axes } from './grid.js';
import { runOf } from './runs.js';
import { predict, type Scoring } from './scoring.js';
import type { PooledSettings } from './settings.js';

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
  const { work } = scoring;
  const { direction } = work.metric;
  const scored = await predict(scoring, parameters, 'dev');
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
      devMetric: work.score(dev.predictions, 'dev'),
      devLoss: dev.loss,
    };
    next.push(await afterLook(course, point, () => runOf(parameters, run), direction));
  }
  return withoutBeaten(withEndings(next, direction, settings), direction);
}

/** Where the run of a course stands in the grid. */
function placeIn({ seeds, rates }: Axes, { seed, learningRate }: Course): number | undefined {
  const [row, column] = [seeds.indexOf(seed), rates.indexOf(learningRate)];
  return row < 0 || column < 0 ? undefined : row * rates.length + column;
}
