/** @file What is known of a graph's jobs before they are done: how long each may take, and so how long all of them. */
import { join } from 'node:path';
import { storedShare, storeName } from '../features/store.js';
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
  const shareLeft = sharesLeft(graph, done);
  return {
    estimator: estimatorOf(now, before, shareLeft),
    course: (todo) => courseOf(todo, { workers, now, before, shareLeft }),
  };
}

/** Of the features of encoders that are there, what no earlier run has stored; unless all of it is to be read again. */
function sharesLeft(graph: JobGraph, done: ReadonlyMap<string, Done>): (job: Job) => number {
  const left = new Map<string, number>();
  for (const job of graph.jobs) {
    const hash = job.kind === 'features' ? job.encoder.hash : undefined;
    if (job.kind !== 'features' || hash === undefined || graph.verifyFeatures || done.has(job.key)) continue;
    const store = storeName({
      ...{ encoderHash: hash, audioHash: job.hashes.audio, kind: job.store, frameType: job.frameType },
      engine: graph.engine,
    });
    const folder = join(graph.cacheFolder, 'features', store);
    left.set(job.key, 1 - storedShare(folder, job.utterances, job.store, job.part));
  }
  return ({ key }) => left.get(key) ?? 1;
}
