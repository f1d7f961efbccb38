/** @file The local runner: worker processes share the machine's processors until every job is done, failed or blocked. */
import { availableParallelism, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseByteSize } from '../base/byte-size.js';
import { UserError } from '../base/errors.js';
import type { Estimator } from './estimate.js';
import { logEvent } from './events.js';
import type { Job, JobGraph } from './job.js';
import { noteFailure } from './note-failure.js';
import { scheduleOf } from './schedule.js';
import { logPath, readDone } from './state.js';
import { ownWorker, processWorker, type WorkEnd, type Worker, workersAreProcesses } from './workers.js';

export interface LocalOptions {
  /** Worker processes at a time: see `workersFor`. */
  readonly workers: number;
  /** A device for each worker, where jobs compute on devices. */
  readonly devices?: readonly number[] | undefined;
  /** How long jobs may take: of those that could be done, the longest comes first. */
  readonly estimator: Estimator;
  readonly signal: AbortSignal;
  /** Told when a job starts, goes on and ends. */
  readonly watcher: Watcher;
  /** Told what could not be written down. */
  readonly say: (text: string) => void;
}

/** Is told what happens to jobs. */
export interface Watcher {
  started(job: Job): void;
  progress(job: Job, share: number, note?: string): void;
  done(job: Job): void;
  failed(job: Job, message: string): void;
  retried(job: Job, message: string): void;
  /** It stopped, or another process has it: it is to be done still. */
  putBack(job: Job): void;
}

export interface RunReport {
  /** How many were done now. */
  readonly done: number;
  readonly failed: readonly { readonly job: Job; readonly message: string }[];
  /** Not tried, because a job that they need failed. */
  readonly blocked: readonly Job[];
  readonly interrupted: boolean;
  /** Of a run that does not wait for them: jobs that are in a cluster's queue. */
  readonly queued?: number | undefined;
}

/** How often a job is tried whose process dies. */
const mostTries = 3;
const firstPauseMilliseconds = 1000;
const heldPauseMilliseconds = 1000;
const usualMemoryBytes = 1.5e9;

/** Does the jobs of a graph that are not done yet. */
export async function runLocally(
  state: string,
  graph: JobGraph,
  graphFile: string,
  options: LocalOptions,
): Promise<RunReport> {
  const { signal, watcher, say, estimator, workers: most, devices } = options;
  const known = readDone(
    state,
    graph.out,
    graph.jobs.map(({ key }) => key),
  );
  const schedule = scheduleOf(graph.jobs, new Set(known.keys()), (job) => estimator.of(job).seconds);
  const idle: Worker[] = Array.from({ length: most }, (_, i) =>
    workersAreProcesses
      ? processWorker(state, graphFile, say, devices?.[i])
      : ownWorker(state, graph, say, devices?.[i]),
  );
  const workers = [...idle];
  const running = new Map<Job, Promise<void>>();
  const pausing = new Map<Job, Promise<void>>();
  const tries = new Map<Job, number>();
  const failed: { job: Job; message: string }[] = [];
  let done = 0;

  const pause = (job: Job, milliseconds: number): void => {
    const over = sleep(milliseconds, undefined, { signal })
      .catch(() => undefined)
      .then(() => {
        pausing.delete(job);
        schedule.again(job);
      });
    pausing.set(job, over);
  };
  const fail = (job: Job, message: string): void => {
    failed.push({ job, message });
    schedule.failed(job);
    watcher.failed(job, message);
  };
  const settle = async (job: Job, end: WorkEnd): Promise<void> => {
    switch (end.kind) {
      case 'done':
        done++;
        schedule.done(job);
        watcher.done(job);
        return;
      case 'failed':
        return fail(job, end.message);
      case 'waiting':
        return fail(job, `waiting for other jobs: ${end.for.join(', ')}`);
      case 'held':
        watcher.putBack(job);
        return pause(job, heldPauseMilliseconds);
      case 'interrupted':
      case 'died': {
        watcher.putBack(job);
        if (signal.aborted) return;
        const death: Partial<Extract<WorkEnd, { kind: 'died' }>> & { readonly how: string } =
          end.kind === 'died' ? end : { how: 'its process was asked to stop' };
        const tried = (tries.get(job) ?? 0) + 1;
        tries.set(job, tried);
        if (tried < mostTries && !death.hopeless) {
          logEvent(state, { event: 'retried', job: job.key, title: job.title, message: death.how }, say);
          watcher.retried(job, death.how);
          return pause(job, firstPauseMilliseconds * 2 ** (tried - 1));
        }
        const error = new UserError(tried > 1 ? `${death.how}, ${tried} times` : death.how, {
          hint: death.hint ?? `Its log is ${logPath(state, job.key)}`,
        });
        await noteFailure(state, job, error.message, say);
        return fail(job, error.message);
      }
    }
  };
  const start = (worker: Worker, job: Job): void => {
    watcher.started(job);
    const atOnce = Math.min(most, running.size + 1 + schedule.ready());
    const threads = graph.engine.threads ?? job.resources.cpus ?? usualThreads(atOnce);
    const work = worker
      .work(job, threads, (share, note) => watcher.progress(job, share, note))
      .then(async (end) => {
        running.delete(job);
        idle.push(worker);
        await settle(job, end);
      });
    running.set(job, work);
  };

  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => {
      for (const worker of workers) worker.stop();
      resolve();
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    for (;;) {
      while (!signal.aborted && idle.length > 0) {
        const job = schedule.next();
        if (job === undefined) break;
        start(idle.pop() as Worker, job);
      }
      const coming = [...running.values(), ...(signal.aborted ? [] : pausing.values())];
      if (coming.length === 0) break;
      await Promise.race(signal.aborted ? coming : [...coming, stopped]);
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
  }
  return { done, failed, blocked: schedule.blocked(), interrupted: signal.aborted };
}

/**
 * How many jobs are done at a time.
 * @param wanted as the command line says it (default: by processors and memory, or one a device)
 * @param devices of the jobs, where they compute on devices: one job each
 */
export function workersFor(
  graph: JobGraph,
  todo: number,
  wanted?: number,
  devices?: readonly number[],
  processes = workersAreProcesses,
): number {
  if (!processes) return 1;
  const usual = devices?.length ?? usualJobs(graph, availableParallelism());
  return Math.max(1, Math.min(wanted ?? usual, devices?.length ?? Number.POSITIVE_INFINITY, todo));
}

/** Threads of a job where so many are done at once and nothing says how many it takes. */
export const usualThreads = (atOnce: number): number =>
  Math.max(1, Math.floor(availableParallelism() / Math.max(1, atOnce)));

/** What a job needs, as the suite says or as its encoder's size lets expect: weights, their copies, what is computed. */
function memoryOf(job: Job): number {
  if (job.resources.memory !== undefined) return parseByteSize(job.resources.memory, 'memory');
  return usualMemoryBytes + (job.kind === 'pretrain' ? 0 : 16 * (job.encoder.parameters ?? 0));
}

/** As many jobs as there are processors, as long as their memory is there too. */
function usualJobs({ jobs }: JobGraph, cores: number): number {
  const memory = jobs.reduce((most, job) => Math.max(most, memoryOf(job)), usualMemoryBytes);
  const limit = process.constrainedMemory();
  const all = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const cpus = jobs.reduce((most, { resources }) => Math.max(most, resources.cpus ?? 1), 1);
  return Math.max(1, Math.min(Math.floor(cores / cpus), Math.floor(all / memory)));
}
