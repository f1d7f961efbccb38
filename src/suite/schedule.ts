/** @file Which job comes next: what others wait for first, then what takes longest. */
import { type Job, type JobKind, jobKinds } from './job.js';

export interface Schedule {
  /** Takes the next job that can be done now; undefined when there is none at the moment. */
  next(): Job | undefined;
  /** How many could be done now. */
  ready(): number;
  /** Notes that a job is done: others may become ready. */
  done(job: Job): void;
  /** Notes that a job failed for good; the jobs that needed it are blocked. */
  failed(job: Job): void;
  /** Puts a job back that `next` gave. */
  again(job: Job): void;
  /** The jobs that can never be done, because one that they need has failed. */
  blocked(): readonly Job[];
}

/**
 * The order of the jobs that are to be done.
 * @param done keys of those that are done
 * @param cost how long a job may take
 */
export function scheduleOf(
  jobs: readonly Job[],
  done: ReadonlySet<string>,
  cost: (job: Job) => number,
): Schedule {
  const todo = jobs.filter(({ key }) => !done.has(key));
  const dependents = new Map<string, Job[]>();
  const missing = new Map<Job, number>();
  for (const job of todo) {
    const needs = job.needs.filter((key) => !done.has(key));
    missing.set(job, needs.length);
    for (const key of needs) dependents.set(key, [...(dependents.get(key) ?? []), job]);
  }
  const rank = new Map<JobKind, number>(jobKinds.map((kind, i) => [kind, i]));
  const costs = new Map(todo.map((job) => [job, cost(job)]));
  const before = (a: Job, b: Job): number =>
    (rank.get(a.kind) ?? 0) - (rank.get(b.kind) ?? 0) || (costs.get(b) ?? 0) - (costs.get(a) ?? 0);
  const ready = todo.filter((job) => missing.get(job) === 0).sort(before);
  const blocked = new Set<Job>();
  const insert = (job: Job): void => {
    const at = ready.findIndex((other) => before(job, other) < 0);
    ready.splice(at < 0 ? ready.length : at, 0, job);
  };
  const block = (job: Job): void => {
    for (const dependent of dependents.get(job.key) ?? []) {
      if (blocked.has(dependent)) continue;
      blocked.add(dependent);
      block(dependent);
    }
  };
  return {
    next: () => ready.shift(),
    ready: () => ready.length,
    done(job) {
      for (const dependent of dependents.get(job.key) ?? []) {
        const left = (missing.get(dependent) ?? 0) - 1;
        missing.set(dependent, left);
        if (left === 0) insert(dependent);
      }
    },
    failed: block,
    again: insert,
    blocked: () => [...blocked],
  };
}
