/** @file Watches the work on a suite from another terminal: its event log as a view, until the run ends. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { durationText } from '../base/progress.js';
import { type LoggedEvent, readEventsFrom } from './events.js';
import type { Job } from './job.js';
import { readDone, readGraph, stateFolderOf } from './state.js';
import { suiteStatus } from './status.js';
import { type View, viewOf } from './view.js';

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Whether there is a terminal for a bar; otherwise every event is a line. */
  readonly terminal: boolean;
  readonly print: (line: string) => void;
}

export interface WatchEnd {
  /** undefined: the watching was stopped, the run goes on. */
  readonly failed: number | undefined;
}

const lookMilliseconds = 250;
/** How often it is checked whether anyone still works, in looks. */
const checkEvery = 20;

/**
 * Shows what happens until the run ends: by its own word, because nothing is left to do, or because nobody does it.
 * @throws UserError when no suite was run into the folder
 */
export async function watchSuite(out: string, options: WatchOptions): Promise<WatchEnd> {
  const { signal, terminal, print } = options;
  const state = stateFolderOf(out);
  let graph = await readGraph(state);
  let jobs = new Map(graph.jobs.map((job) => [job.key, job]));
  let view: View | undefined;
  let place = 0;
  let runner: LoggedEvent | undefined;
  let ended: LoggedEvent | undefined;
  for (let look = 0; ; look++) {
    const read = await readEventsFrom(state, place);
    place = read.place;
    // Of what was before, only the last run is of interest.
    const from =
      look === 0
        ? Math.max(
            0,
            read.events.findLastIndex(({ event }) => event === 'planned'),
          )
        : 0;
    for (const event of read.events.slice(from)) {
      if (event.event === 'planned') {
        view?.stop();
        runner = event;
        ended = undefined;
        graph = await readGraph(state);
        jobs = new Map(graph.jobs.map((job) => [job.key, job]));
        view = terminal
          ? viewOf(`suite ${graph.suite}`, todoAt(event, out, state, graph.jobs), false)
          : undefined;
      } else if (event.event === 'ended') ended = event;
      show(event, view, jobs);
      if (!terminal && event.event !== 'progress') print(lineOf(event));
    }
    const over =
      ended !== undefined || (look % checkEvery === checkEvery - 1 && (await nobodyWorks(out, runner)));
    if (over || signal.aborted) {
      view?.stop();
      if (!over) return { failed: undefined };
      const { counts } = await suiteStatus(out);
      if (ended === undefined && counts.done + counts.failed + counts.blocked < counts.jobs)
        print('the run was interrupted; run the same command again to continue');
      return { failed: counts.failed };
    }
    await sleep(lookMilliseconds, undefined, { signal }).catch(() => undefined);
  }
}

/** The jobs that were to be done when a run began: not done, or done since. */
function todoAt(planned: LoggedEvent, out: string, state: string, jobs: readonly Job[]): Job[] {
  const done = readDone(
    state,
    out,
    jobs.map(({ key }) => key),
  );
  return jobs.filter(({ key }) => {
    const at = done.get(key)?.finishedAt;
    return at === undefined || at >= planned.time;
  });
}

function show(event: LoggedEvent, view: View | undefined, jobs: ReadonlyMap<string, Job>): void {
  const job = 'job' in event ? jobs.get(event.job) : undefined;
  if (view === undefined || job === undefined) return;
  if (event.event === 'started') view.started(job);
  else if (event.event === 'progress') view.progress(job, event.share, event.note);
  else if (event.event === 'done') view.done(job);
  else if (event.event === 'failed') view.failed(job, event.message);
  else if (event.event === 'retried' || event.event === 'interrupted') view.putBack(job);
}

function lineOf(event: LoggedEvent): string {
  const time = event.time.slice(11, 19);
  switch (event.event) {
    case 'planned':
      return `${time} suite ${event.suite}: ${event.todo} of ${event.jobs} jobs to do`;
    case 'done':
      return `${time} done: ${event.title} (${durationText(event.seconds)})`;
    case 'failed':
    case 'retried':
      return `${time} ${event.event}: ${event.title}: ${event.message}`;
    case 'ended':
      return `${time} ended: ${event.done} done, ${event.failed} failed, ${event.blocked} skipped${event.interrupted ? ', interrupted' : ''}`;
    default:
      return `${time} ${event.event}: ${event.title}`;
  }
}

/** Whether nothing is left that could be done, or the runner of this host is gone and no job has a living process. */
async function nobodyWorks(out: string, runner: LoggedEvent | undefined): Promise<boolean> {
  const { counts } = await suiteStatus(out);
  if (counts.running > 0) return false;
  if (counts.todo === 0) return true;
  return runner !== undefined && runner.host === hostname() && !isProcess(runner.pid);
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
