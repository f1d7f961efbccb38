/** @file The course of a run from its event log: what another process sees of it. */
import type { LoggedEvent } from './events.js';
import type { RunCourse } from './forecast.js';
import type { Job, JobGraph } from './job.js';
import { outlookOf } from './outlook.js';
import { type Done, readDone, stateFolderOf } from './state.js';

/** The start of a run, as its event log has it. */
export type Planned = Extract<LoggedEvent, { readonly event: 'planned' }>;

/** The events from the start of the last run on. */
export function lastRun(events: readonly LoggedEvent[]): readonly LoggedEvent[] {
  return events.slice(
    Math.max(
      0,
      events.findLastIndex(({ event }) => event === 'planned'),
    ),
  );
}

/** The course of a run at its start: its jobs are those that were not done then. */
export function courseAt(planned: Planned, graph: JobGraph, out: string): RunCourse {
  const done = readDone(
    stateFolderOf(out),
    out,
    graph.jobs.map(({ key }) => key),
  );
  const before = new Map<string, Done>();
  for (const [key, one] of done) if (one.finishedAt < planned.time) before.set(key, one);
  const todo = graph.jobs.filter(({ key }) => !before.has(key));
  return outlookOf(graph, before, planned.workers).course(todo);
}

/** Tells a course what an event says. */
export function replay(course: RunCourse, event: LoggedEvent, jobs: ReadonlyMap<string, Job>): void {
  const job = 'job' in event ? jobs.get(event.job) : undefined;
  if (job === undefined) return;
  const at = Date.parse(event.time) / 1000;
  if (event.event === 'started') course.started(job, at);
  else if (event.event === 'progress') course.progress(job, event.share, event.note, at);
  else if (event.event === 'done') course.done(job, at);
  else if (event.event === 'failed') course.failed(job);
  else if (event.event === 'retried' || event.event === 'interrupted') course.putBack(job);
}

/** The jobs of a graph by their keys. */
export const jobsByKey = ({ jobs }: JobGraph): ReadonlyMap<string, Job> =>
  new Map(jobs.map((job) => [job.key, job]));
