/** @file A look at dev of the runs in training: what it makes of their courses. */

import { advanced, type Course, withEndings, withoutBeaten } from '../search.js';
import type { Grid } from './grid.js';
import { runOf } from './runs.js';
import { predict, type Scoring } from './scoring.js';
import type { PooledSettings } from './settings.js';

/** The courses after a look at dev; means are of the losses since the last one. */
export async function looked(
  scoring: Scoring,
  settings: PooledSettings,
  grid: Grid,
  courses: readonly Course[],
  { update, means }: { readonly update: number; readonly means: readonly number[] },
): Promise<Course[]> {
  const { work } = scoring;
  const { direction } = work.metric;
  const scored = await predict(scoring, grid.parameters, 'dev');
  const next = courses.map((course) => {
    const run = placeIn(grid, course);
    const dev = run === undefined ? undefined : scored[run];
    if (run === undefined || dev === undefined) return course;
    const point = {
      update,
      trainLoss: means[run] as number,
      devMetric: work.score(dev.predictions, 'dev'),
      devLoss: dev.loss,
    };
    return advanced(course, point, () => runOf(grid.parameters, run), direction);
  });
  const ended = [...new Set(courses.map(({ seed }) => seed))].flatMap((seed) =>
    withEndings(
      next.filter((course) => course.seed === seed),
      direction,
      settings,
    ),
  );
  return withoutBeaten(ended, direction);
}

/** Where the run of a course stands in the grid. */
function placeIn({ seeds, rates }: Grid, { seed, learningRate }: Course): number | undefined {
  const [row, column] = [seeds.indexOf(seed), rates.indexOf(learningRate)];
  return row < 0 || column < 0 ? undefined : row * rates.length + column;
}
