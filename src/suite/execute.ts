/** @file Runs a suite's graph to its end: what is done stays, the rest is done by worker processes. */
import { join, resolve } from 'node:path';
import { recordFolder, type StoredRecord } from '../results/index.js';
import { recordFileName } from '../results/record.js';
import { readRecord } from '../results/store.js';
import { logEvent } from './events.js';
import { removeCheckpoints } from './folds.js';
import { devicesFor } from './gpus.js';
import { type HeadJob, type JobGraph, seedFolder } from './job.js';
import { type RunReport, runLocally, workersFor } from './local.js';
import { outlookOf } from './outlook.js';
import { checkWritable } from './plan.js';
import { runOnSlurm } from './slurm/launch.js';
import { forgetDone, readDone, stateFolderOf, writeGraph } from './state.js';
import { summaryOf, viewOf } from './view.js';

export interface ExecuteOptions {
  /** Worker processes at a time (default: by processors and memory). */
  readonly jobs?: number | undefined;
  /** Devices of local workers (default: all, where jobs compute on devices). */
  readonly devices?: readonly number[] | undefined;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  /** Told what is to be known of how jobs were done. */
  readonly say: (text: string) => void;
  /** Where jobs are done (default: here). */
  readonly launcher?: 'local' | 'slurm' | undefined;
  /** Of Slurm: leave the jobs in its queue and return. */
  readonly detach?: boolean | undefined;
  /** Whether heads whose training was interrupted go on (default true). */
  readonly resume?: boolean | undefined;
}

export interface Execution extends RunReport {
  /** Whether every job is done and nothing was left out of the plan. */
  readonly complete: boolean;
  /** What went wrong and how to go on; undefined when nothing did. */
  readonly summary: string | undefined;
}

/**
 * Does the jobs of a graph that are not done. When all are, nothing is written.
 * @throws UserError (exit code 1) when the results or the cache cannot be written
 */
export async function executeGraph(graph: JobGraph, options: ExecuteOptions): Promise<Execution> {
  const { say } = options;
  const state = stateFolderOf(resolve(graph.out));
  const devices = options.launcher === 'slurm' ? undefined : devicesFor(graph.engine, options.devices);
  if (graph.verifyFeatures)
    for (const { kind, key } of graph.jobs) if (kind === 'features') await forgetDone(state, key);
  const known = readDone(
    state,
    graph.out,
    graph.jobs.map(({ key }) => key),
  );
  const todo = graph.jobs.filter(({ key }) => !known.has(key));
  const { problems } = graph;
  if (todo.length === 0) {
    const nothing = { done: 0, failed: [], blocked: [], interrupted: false };
    return executionOf(nothing, state, problems);
  }
  await checkWritable(graph.cacheFolder);
  await checkWritable(graph.out);
  if (options.resume === false) await forgetTrainings(graph, todo);
  const graphFile = await writeGraph(state, graph);
  const workers =
    options.launcher === 'slurm' ? undefined : workersFor(graph, todo.length, options.jobs, devices);
  const { estimator, course } = outlookOf(graph, known, workers);
  logEvent(
    state,
    { event: 'planned', suite: graph.suite, jobs: graph.jobs.length, todo: todo.length, workers },
    say,
  );
  const view = viewOf(`suite ${graph.suite}`, course(todo), options);
  let report: RunReport;
  try {
    report =
      workers === undefined
        ? await runOnSlurm(state, graph, { ...options, detach: options.detach ?? false, watcher: view })
        : await runLocally(state, graph, graphFile, {
            ...options,
            workers,
            devices,
            estimator,
            watcher: view,
          });
  } finally {
    view.stop();
  }
  for (const remark of remarksOf(state, graph, todo)) say(remark);
  const { done, failed, blocked, interrupted } = report;
  logEvent(state, { event: 'ended', done, failed: failed.length, blocked: blocked.length, interrupted }, say);
  return executionOf(report, state, problems);
}

/** Removes what heads could go on from. */
async function forgetTrainings(graph: JobGraph, jobs: JobGraph['jobs']): Promise<void> {
  for (const job of jobs)
    if (job.kind === 'head')
      for (const seed of job.seeds) await removeCheckpoints(headFolder(graph, job, seed));
}

/** Where the result of a head goes. */
function headFolder(graph: JobGraph, { encoder, task }: HeadJob, seed: number): string {
  return recordFolder(seedFolder(graph, seed), encoder.name, task.name);
}

/** What jobs that were done now say of how. */
function remarksOf(state: string, graph: JobGraph, todo: JobGraph['jobs']): ReadonlySet<string> {
  const done = readDone(
    state,
    graph.out,
    todo.map(({ key }) => key),
  );
  return new Set([...done.values()].flatMap(({ remark }) => remark?.split('\n') ?? []));
}

function executionOf(report: RunReport, state: string, problems: JobGraph['problems']): Execution {
  const { failed, blocked, interrupted } = report;
  const waiting = (report.queued ?? 0) > 0;
  const complete = failed.length + blocked.length + problems.length === 0 && !interrupted && !waiting;
  return {
    ...report,
    complete,
    summary:
      complete || interrupted || (waiting && problems.length === 0)
        ? undefined
        : summaryOf(report, state, problems),
  };
}

/** The records that a graph's heads have left: encoders in the suite's order, tasks within them, then seeds. */
export async function recordsOf(graph: JobGraph): Promise<StoredRecord[]> {
  const done = readDone(
    stateFolderOf(graph.out),
    graph.out,
    graph.jobs.map(({ key }) => key),
  );
  const stored: StoredRecord[] = [];
  for (const job of graph.jobs) {
    if (job.kind !== 'head' || !done.has(job.key)) continue;
    for (const seed of job.seeds) {
      const path = join(headFolder(graph, job, seed), recordFileName);
      stored.push({ path, record: await readRecord(path) });
    }
  }
  return stored;
}
