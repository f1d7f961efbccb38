/** @file A suite's jobs at a glance: what is done and what the rest may take, kind by kind and encoder by encoder. */
import { durationText } from '../base/progress.js';
import type { Estimate } from './estimate.js';
import { secondsTogether } from './forecast.js';
import { type Job, type JobGraph, type JobKind, jobKinds } from './job.js';
import { workersFor } from './local.js';
import { outlookOf } from './outlook.js';
import { readDone, stateFolderOf } from './state.js';

/** A plan as a machine reads it. */
export interface PlanReport {
  readonly suite: string;
  readonly out: string;
  readonly jobs: readonly PlannedJob[];
  readonly problems: JobGraph['problems'];
  readonly todo: number;
  /** What one process would need for all that is to do, and whether all of it is known from like jobs. */
  readonly estimate: Estimate;
  /** What it takes with the processes that a run would start here, jobs after those that they need. */
  readonly together: { readonly seconds: number; readonly workers: number };
}

export interface PlannedJob {
  readonly key: string;
  readonly kind: JobKind;
  readonly title: string;
  readonly needs: readonly string[];
  readonly done: boolean;
  readonly estimate: Estimate;
}

/** What a graph would do now. Nothing is written. */
export function planReport(graph: JobGraph): PlanReport {
  const state = stateFolderOf(graph.out);
  const done = readDone(
    state,
    graph.out,
    graph.jobs.map(({ key }) => key),
  );
  const open = graph.jobs.filter(({ key }) => !done.has(key));
  const workers = workersFor(graph, open.length);
  const { estimator } = outlookOf(graph, done, workers);
  const jobs = graph.jobs.map((job): PlannedJob => {
    const { key, kind, title, needs } = job;
    return { key, kind, title, needs, done: done.has(key), estimate: estimator.of(job) };
  });
  const todo = jobs.filter((job) => !job.done);
  return {
    suite: graph.suite,
    out: graph.out,
    jobs,
    problems: graph.problems,
    todo: todo.length,
    estimate: {
      seconds: todo.reduce((sum, job) => sum + job.estimate.seconds, 0),
      measured: todo.every((job) => job.estimate.measured),
    },
    together: { seconds: secondsTogether(open, estimator, workers), workers },
  };
}

/** A line of the plan: the jobs of one kind for one encoder. */
interface Row {
  readonly name: string;
  readonly tasks: Set<string>;
  done: number;
  todo: number;
  seconds: number;
}

const nameWidth = 45;

/** What jobs of a kind may wait for. */
const neededKinds: Readonly<Record<JobKind, readonly JobKind[]>> = {
  pretrain: [],
  finetune: ['pretrain'],
  features: ['pretrain', 'finetune'],
  head: ['features'],
};

/** The plan as a person reads it, within 80 columns. */
export function planText(graph: JobGraph, report: PlanReport): string {
  const rows = rowsOf(graph, report);
  const lines = jobKinds.flatMap((kind) => {
    const ofKind = [...(rows.get(kind)?.values() ?? [])];
    if (ofKind.length === 0) return [];
    const needed = neededKinds[kind].filter((each) => rows.has(each));
    const after = needed.length === 0 ? '' : ` (after ${needed.join(', ')})`;
    return ['', `${kind}${after}`, ...ofKind.flatMap(linesOf)];
  });
  const { todo, estimate, together, problems, jobs } = report;
  const rough = estimate.measured ? '' : ' (rough: no similar job measured yet)';
  const many =
    together.workers > 1
      ? ` with ${together.workers} at a time, ${durationText(estimate.seconds)} on one process`
      : '';
  const head = [
    `suite ${report.suite}: ${jobs.length} jobs, ${jobs.length - todo} done, ${todo} to do`,
    ...(todo > 0 ? [`about ${durationText(together.seconds)}${many}${rough}`] : []),
    ...problems.map(({ title, message }) => `not planned: ${title}: ${message}`),
  ];
  const columns = `${''.padEnd(nameWidth)}${'done'.padStart(8)}${'to do'.padStart(8)}${'estimate'.padStart(16)}`;
  return [...head, '', columns, ...lines.slice(1)].map((line) => line.trimEnd()).join('\n');
}

function rowsOf(graph: JobGraph, report: PlanReport): Map<JobKind, Map<string, Row>> {
  const rows = new Map<JobKind, Map<string, Row>>();
  // Features serve all the heads that need them.
  const tasksOf = new Map<string, Set<string>>();
  for (const job of graph.jobs) {
    if (job.kind !== 'head') continue;
    for (const key of job.needs) tasksOf.set(key, (tasksOf.get(key) ?? new Set()).add(job.task.name));
  }
  graph.jobs.forEach((job, i) => {
    const planned = report.jobs[i] as PlannedJob;
    const name = encoderOf(job);
    const ofKind = rows.get(job.kind) ?? new Map<string, Row>();
    rows.set(job.kind, ofKind);
    const row = ofKind.get(name) ?? { name, tasks: new Set<string>(), done: 0, todo: 0, seconds: 0 };
    ofKind.set(name, row);
    for (const what of workOf(job, tasksOf)) row.tasks.add(what);
    row.done += planned.done ? 1 : 0;
    row.todo += planned.done ? 0 : 1;
    row.seconds += planned.done ? 0 : planned.estimate.seconds;
  });
  return rows;
}

/** What is done for an encoder: the tasks of its features and heads, the entries that it is fine-tuned by. */
function workOf(job: Job, tasksOf: ReadonlyMap<string, ReadonlySet<string>>): Iterable<string> {
  switch (job.kind) {
    case 'pretrain':
      return [];
    case 'finetune':
      return [job.entry];
    case 'features':
      return tasksOf.get(job.key) ?? [];
    case 'head':
      return [job.task.name];
  }
}

const encoderOf = (job: Job): string => (job.kind === 'pretrain' ? job.encoder : job.encoder.name);

function linesOf({ name, tasks, done, todo, seconds }: Row): string[] {
  const what = tasks.size === 0 ? name : `${name}: ${[...tasks].join(', ')}`;
  const numbers = `${String(done).padStart(8)}${String(todo).padStart(8)}${(todo > 0 ? durationText(seconds) : '').padStart(16)}`;
  const fits = what.length <= nameWidth - 3;
  return fits
    ? [`  ${what.padEnd(nameWidth - 2)}${numbers}`]
    : [`  ${what.slice(0, 78)}`, `${''.padEnd(nameWidth)}${numbers}`];
}
