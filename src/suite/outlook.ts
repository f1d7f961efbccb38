/** @file What is known of a graph's jobs before they are done: how long each may take, and so how long all of them. */
import { type Estimator, estimatorOf, type Measure, measuresOf } from './estimate.js';
import { courseOf, type RunCourse } from './forecast.js';
import type { Job, JobGraph } from './job.js';
import { usualThreads } from './local.js';
import { rememberedPaces } from './paces.js';
import type { Done } from './state.js';

export interface Outlook {
  readonly estimator: Estimator;
  /** The course of a run that does some of the jobs. */
  course(todo: readonly Job[]): RunCourse;
}

/**
 * The outlook on a graph.
 * @param done what is done of it, here or by earlier runs
 * @param workers jobs at a time; undefined where nobody knows
 */
export function outlookOf(
  graph: JobGraph,
  done: ReadonlyMap<string, Done>,
  workers: number | undefined,
): Outlook {
  const now: readonly Measure[] = measuresOf(graph.jobs, done);
  const threads = graph.engine.threads ?? usualThreads(workers ?? 1);
  const before = rememberedPaces(graph.cacheFolder, { engine: graph.engine, threads });
  return {
    estimator: estimatorOf(now, before),
    course: (todo) => courseOf(todo, { workers, now, before }),
  };
}
