/** @file Where the work on a suite stands, from its state folder: done, running, failed, blocked, to do. */
import { durationText } from '../base/progress.js';
import { type LoggedEvent, readEvents } from './events.js';
import type { Forecast } from './forecast.js';
import { kindLine, leftText } from './forecast-text.js';
import type { Job, JobGraph } from './job.js';
import { holderOf, lockedKeys } from './lock.js';
import { courseAt, jobsByKey, lastRun, replay } from './replay.js';
import { type ArrayStatus, arrayStatuses, statusLine } from './slurm/submissions.js';
import { type Failed, readDone, readFailed, readGraph, stateFolderOf } from './state.js';

export interface RunningJob {
  readonly key: string;
  readonly title: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: string | undefined;
  /** From 0 to 1, as far as it said. */
  readonly share: number | undefined;
  readonly note: string | undefined;
  /** Until it is done; undefined before anything was measured. */
  readonly secondsLeft: number | undefined;
}

export interface SuiteStatus {
  readonly suite: string;
  readonly counts: Readonly<Record<'jobs' | 'done' | 'running' | 'failed' | 'blocked' | 'todo', number>>;
  /** Of the whole graph; rates and time left are those of the run that goes on. */
  readonly kinds: Forecast['kinds'];
  /** Until all is done that can be; undefined where nothing runs, and before anything was measured. */
  readonly secondsLeft: number | undefined;
  /** Whether some of what is left is like nothing that was measured. */
  readonly rough: boolean;
  readonly running: readonly RunningJob[];
  readonly failed: readonly Failed[];
  readonly blocked: readonly { readonly key: string; readonly title: string }[];
  readonly todo: readonly { readonly key: string; readonly title: string }[];
  /** Of what was submitted to Slurm: how its arrays stand; undefined where Slurm cannot be asked. */
  readonly arrays: readonly ArrayStatus[] | undefined;
}

/**
 * The state of the suite that was run into a results folder.
 * @throws UserError when none was
 */
export async function suiteStatus(out: string, now = Date.now()): Promise<SuiteStatus> {
  const state = stateFolderOf(out);
  const graph = await readGraph(state);
  const keys = graph.jobs.map(({ key }) => key);
  const done = readDone(state, out, keys);
  const events = await readEvents(state);
  const forecast = forecastOf(events, graph, out, now);
  const running = await runningJobs(state, graph, { done, events, forecast });
  const busy = new Set(running.map(({ key }) => key));
  const failed = new Map([...readFailed(state, keys)].filter(([key]) => !done.has(key) && !busy.has(key)));
  const blocked = new Set<string>();
  for (const { key, needs } of graph.jobs)
    if (!done.has(key) && needs.some((need) => failed.has(need) || blocked.has(need))) blocked.add(key);
  const open = (job: Job): boolean => !done.has(job.key) && !busy.has(job.key) && !failed.has(job.key);
  const named = ({ key, title }: Job) => ({ key, title });
  const todo = graph.jobs.filter((job) => open(job) && !blocked.has(job.key)).map(named);
  const waiting = graph.jobs.filter((job) => open(job) && blocked.has(job.key)).map(named);
  return {
    suite: graph.suite,
    counts: {
      jobs: keys.length,
      done: done.size,
      running: running.length,
      failed: failed.size,
      blocked: waiting.length,
      todo: todo.length,
    },
    kinds: kindsOf(graph, done, failed, running.length > 0 ? forecast : undefined),
    secondsLeft: running.length > 0 ? forecast?.secondsLeft : undefined,
    rough: forecast?.rough ?? true,
    running,
    failed: [...failed.values()],
    blocked: waiting,
    todo,
    arrays: await arrayStatuses(state),
  };
}

/** How far the last run is, from its events; undefined where there was none. */
function forecastOf(
  events: readonly LoggedEvent[],
  graph: JobGraph,
  out: string,
  now: number,
): Forecast | undefined {
  const [planned, ...others] = lastRun(events);
  if (planned?.event !== 'planned') return undefined;
  const course = courseAt(planned, graph, out);
  const jobs = jobsByKey(graph);
  for (const event of others) replay(course, event, jobs);
  return course.forecast(now / 1000);
}

/** The counts of the whole graph, with what the run that goes on says of its kinds. */
function kindsOf(
  graph: JobGraph,
  done: ReadonlyMap<string, unknown>,
  failed: ReadonlyMap<string, unknown>,
  forecast: Forecast | undefined,
): Forecast['kinds'] {
  return [...new Set(graph.jobs.map(({ kind }) => kind))].map((kind) => {
    const ofKind = graph.jobs.filter((job) => job.kind === kind);
    const own = forecast?.kinds.find((one) => one.kind === kind);
    return {
      kind,
      jobs: ofKind.length,
      done: ofKind.filter(({ key }) => done.has(key)).length,
      failed: ofKind.filter(({ key }) => failed.has(key)).length,
      audioRate: own?.audioRate,
      secondsEach: own?.secondsEach,
      secondsLeft: own?.secondsLeft,
    };
  });
}

async function runningJobs(
  state: string,
  { jobs }: JobGraph,
  known: {
    readonly done: ReadonlyMap<string, unknown>;
    readonly events: readonly LoggedEvent[];
    readonly forecast: Forecast | undefined;
  },
): Promise<RunningJob[]> {
  const locked = await lockedKeys(state);
  const candidates = jobs.filter(({ key }) => locked.has(key) && !known.done.has(key));
  if (candidates.length === 0) return [];
  const last = lastEvents(known.events);
  const running: RunningJob[] = [];
  for (const { key, title } of candidates) {
    const holder = await holderOf(state, key);
    if (holder === undefined) continue;
    const { started, progress } = last.get(key) ?? {};
    const told = progress?.event === 'progress' ? progress : undefined;
    running.push({
      ...{ key, title, host: holder.host, pid: holder.pid },
      ...{ startedAt: started?.time, share: told?.share, note: told?.note },
      secondsLeft: known.forecast?.running.find(({ job }) => job.key === key)?.secondsLeft,
    });
  }
  return running;
}

/** When each job started last, and what it said since. */
function lastEvents(
  events: readonly LoggedEvent[],
): ReadonlyMap<string, { readonly started?: LoggedEvent; readonly progress?: LoggedEvent }> {
  const last = new Map<string, { readonly started?: LoggedEvent; readonly progress?: LoggedEvent }>();
  for (const event of events) {
    if (event.event === 'started') last.set(event.job, { started: event });
    else if (event.event === 'progress') last.set(event.job, { ...last.get(event.job), progress: event });
  }
  return last;
}

const shown = 20;

/** The same for people. */
export function statusText(status: SuiteStatus, now = Date.now()): string {
  const { counts, kinds, running, failed, blocked } = status;
  const numbers = (['done', 'running', 'failed', 'blocked', 'todo'] as const)
    .filter((name) => counts[name] > 0)
    .map((name) => `${counts[name]} ${name === 'todo' ? 'to do' : name}`);
  const more = (all: readonly unknown[]): string[] =>
    all.length > shown ? [`  ... and ${all.length - shown} more (--json lists all)`] : [];
  return [
    `suite ${status.suite}: ${counts.jobs} jobs: ${numbers.join(', ')}${running.length > 0 ? `; ${leftText(status)}` : ''}`,
    ...kinds.map((kind) => `  ${kindLine(kind, [])}`),
    ...(status.arrays === undefined
      ? ['submitted to Slurm, whose queue cannot be read on this machine']
      : status.arrays.map(statusLine)),
    ...running
      .slice(0, shown)
      .flatMap(({ title, share, note, host, pid, startedAt, secondsLeft }) => [
        `running: ${[title, share !== undefined && `${Math.floor(100 * share)} %`, note].filter(Boolean).join(' ')}`,
        `  process ${pid} on ${host}${startedAt === undefined ? '' : `, for ${durationText((now - Date.parse(startedAt)) / 1000)}`}${secondsLeft === undefined ? '' : `, ${durationText(secondsLeft)} left`}`,
      ]),
    ...more(running),
    ...failed
      .slice(0, shown)
      .flatMap(({ title, message, log, host }) => [
        `failed: ${title}: ${message}`,
        `  log on ${host}: ${log}`,
      ]),
    ...more(failed),
    ...blocked.slice(0, shown).map(({ title }) => `blocked by a failed job: ${title}`),
    ...more(blocked),
  ].join('\n');
}
