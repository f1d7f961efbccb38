/** @file Watches the work on a suite from another terminal: its event log as a view, until the run ends. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { durationText, logMilliseconds } from '../base/progress.js';
import { type LoggedEvent, readEventsFrom } from './events.js';
import type { RunCourse } from './forecast.js';
import { forecastLine } from './forecast-text.js';
import { courseAt, jobsByKey, lastRun, replay } from './replay.js';
import { readGraph, stateFolderOf } from './state.js';
import { suiteStatus } from './status.js';
import { type Display, displayOf } from './view.js';

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Whether there is a terminal to draw on; otherwise every event is a line, and how far the run is one every 30 s. */
  readonly terminal: boolean;
  readonly print: (line: string) => void;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
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
  const { signal, terminal, print, now = Date.now } = options;
  const state = stateFolderOf(out);
  let graph = await readGraph(state);
  let jobs = jobsByKey(graph);
  let course: RunCourse | undefined;
  let display: Display | undefined;
  let place = 0;
  let told = now();
  let runner: LoggedEvent | undefined;
  let ended: LoggedEvent | undefined;
  for (let look = 0; ; look++) {
    const read = await readEventsFrom(state, place);
    place = read.place;
    // Of what was before, only the last run is of interest.
    for (const event of look === 0 ? lastRun(read.events) : read.events) {
      if (event.event === 'planned') {
        display?.stop();
        runner = event;
        ended = undefined;
        graph = await readGraph(state);
        jobs = jobsByKey(graph);
        course = courseAt(event, graph, out);
        display = terminal ? displayOf(`suite ${graph.suite}`, course, { quiet: false, now }) : undefined;
      } else if (event.event === 'ended') ended = event;
      if (course !== undefined) replay(course, event, jobs);
      if (event.event === 'failed') display?.say(`failed: ${event.title}: ${event.message}`);
      display?.changed();
      if (!terminal && event.event !== 'progress') print(lineOf(event));
    }
    if (!terminal && course !== undefined && now() - told >= logMilliseconds) {
      told = now();
      print(`${timeOf(told)} ${forecastLine(`suite ${graph.suite}`, course.forecast(told / 1000))}`);
    }
    const over =
      ended !== undefined || (look % checkEvery === checkEvery - 1 && (await nobodyWorks(out, runner)));
    if (over || signal.aborted) {
      display?.stop();
      if (!over) return { failed: undefined };
      const { counts } = await suiteStatus(out);
      if (ended === undefined && counts.done + counts.failed + counts.blocked < counts.jobs)
        print('the run was interrupted; run the same command again to continue');
      return { failed: counts.failed };
    }
    await sleep(lookMilliseconds, undefined, { signal }).catch(() => undefined);
  }
}

/** The time of day, as the event log has it. */
const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(11, 19);

function lineOf(event: LoggedEvent): string {
  const time = timeOf(Date.parse(event.time));
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
