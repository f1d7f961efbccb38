/** @file What a run shows while it goes on: how far each kind of job is and how long the rest takes; what goes wrong as it happens. */
import { type LiveLines, liveLines, type Screen } from '../base/live-lines.js';
import { isTerminal, logMilliseconds } from '../base/progress.js';
import type { Forecast, RunCourse } from './forecast.js';
import { forecastLine, forecastLines } from './forecast-text.js';
import type { RunReport, Watcher } from './local.js';
import { logPath, shortKey } from './state.js';

export interface View extends Watcher {
  stop(): void;
}

export interface ViewOptions {
  readonly quiet: boolean;
  /** Where to write (default: stderr). */
  readonly stream?: Screen;
  /** What kind the terminal is (default: $TERM). */
  readonly terminal?: string;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

/** Where the course of a run is seen. */
export interface Display extends LiveLines {
  /** Counts have changed: that is shown at once. */
  changed(): void;
}

/** A forecast is made no more often than this: that of a thousand jobs takes a while. */
const forecastMilliseconds = 1000;

/** Shows the course of a run: on a terminal a line a kind of job, drawn anew; elsewhere a line every 30 s. */
export function displayOf(title: string, course: RunCourse, options: ViewOptions): Display {
  const { quiet, stream = process.stderr, now = Date.now } = options;
  if (quiet) return { say: () => undefined, changed: () => undefined, stop: () => undefined };
  let made: { readonly at: number; readonly forecast: Forecast } | undefined;
  const forecast = (): Forecast => {
    const at = now();
    if (made === undefined || at - made.at >= forecastMilliseconds)
      made = { at, forecast: course.forecast(at / 1000) };
    return made.forecast;
  };
  const lines = isTerminal(stream, options.terminal)
    ? liveLines(stream, () => forecastLines(title, forecast()))
    : logLines(stream, () => forecastLine(title, forecast()));
  return {
    ...lines,
    changed() {
      made = undefined;
    },
  };
}

/** A view of a run that tells its course what happens when it happens. */
export function viewOf(title: string, course: RunCourse, options: ViewOptions): View {
  const { now = Date.now } = options;
  const { say, changed, stop } = displayOf(title, course, options);
  const seconds = (): number => now() / 1000;
  return {
    started(job) {
      course.started(job, seconds());
      changed();
    },
    progress: (job, share, note) => course.progress(job, share, note, seconds()),
    done(job) {
      course.done(job, seconds());
      changed();
    },
    failed(job, message) {
      course.failed(job);
      changed();
      say(`failed: ${job.title}: ${message}`);
    },
    retried: (job, message) => say(`again: ${job.title}: ${message}`),
    putBack(job) {
      course.putBack(job);
      changed();
    },
    stop() {
      changed();
      stop();
    },
  };
}

/** A line at the start, every 30 s, and at the end. */
function logLines(stream: Screen, line: () => string): LiveLines {
  const say = (text: string): void => void stream.write(`${text}\n`);
  say(line());
  const timer = setInterval(() => say(line()), logMilliseconds);
  return {
    say,
    stop() {
      clearInterval(timer);
      say(line());
    },
  };
}

/** What is to be said at the end of a run in which not all went well. */
export function summaryOf(
  report: RunReport,
  state: string,
  problems: readonly { title: string; message: string }[],
): string {
  const { done, failed, blocked } = report;
  const shown = 20;
  const lines = [
    ...problems.map(({ title, message }) => `not planned: ${title}: ${message}`),
    ...failed.slice(0, shown).map(({ job, message }) => `failed: ${job.title}: ${message}`),
    ...(failed.length > shown ? [`... and ${failed.length - shown} more`] : []),
    ...blocked.slice(0, shown).map(({ title }) => `skipped, because a job that it needs failed: ${title}`),
    ...(blocked.length > shown ? [`... and ${blocked.length - shown} more`] : []),
    `${done} done, ${failed.length} failed, ${blocked.length} skipped. Fix the cause, then run the same command to do the rest`,
    ...failed
      .slice(0, shown)
      .map(
        ({ job }) =>
          `run one job: ehmam work ${state} --job ${shortKey(job.key)}   (log: ${logPath(state, job.key)})`,
      ),
  ];
  return lines.join('\n');
}
