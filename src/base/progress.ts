/** @file Progress on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet. */
import { type Options, type Params, SingleBar } from 'cli-progress';

export interface Progress {
  /** Says how many of `total` are done, with a short note ('loss 1.23'). */
  update(done: number, note?: string): void;
  /** Ends the display with a final line. Call it in a `finally`: until then a terminal's bar keeps the process alive. */
  stop(note?: string): void;
}

export interface ProgressOptions {
  readonly quiet?: boolean;
  /** How many were done before this run (a resumed one): they do not count in the rate. */
  readonly initial?: number;
  /** Where to write (default: stderr). */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  /** What kind the terminal is (default: $TERM). */
  readonly terminal?: string;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

const plainIntervalMilliseconds = 10_000;
/** Columns of a terminal that does not say, and the most that is filled. */
const usualColumns = 80;
const mostColumns = 120;
/** The bar makes room for a long note. */
const [narrowestBar, widestBar] = [6, 16];

/** Starts to show the progress of `total` pieces of work; `title` names the work. */
export function createProgress(title: string, total: number, options: ProgressOptions = {}): Progress {
  if (options.quiet) return { update: () => undefined, stop: () => undefined };
  const stream = options.stream ?? process.stderr;
  const progress = { title, total, initial: options.initial ?? 0, now: options.now ?? Date.now };
  return isTerminal(stream, options.terminal)
    ? barProgress(progress, stream)
    : lineProgress(progress, stream);
}

/**
 * Whether a bar can be drawn on a stream. A dumb terminal (Emacs' shell, some CI) shows the codes instead of obeying them.
 * @param kind of the terminal (default: $TERM)
 */
export function isTerminal(stream: { readonly isTTY?: boolean }, kind = process.env.TERM): boolean {
  return stream.isTTY === true && kind !== 'dumb';
}

interface Work {
  readonly title: string;
  readonly total: number;
  readonly initial: number;
  readonly now: () => number;
}

function lineProgress(work: Work, stream: NodeJS.WritableStream): Progress {
  const started = work.now();
  let spoke = started;
  let done = work.initial;
  let latest: string | undefined;
  let stopped = false;
  return {
    update(value, note) {
      done = value;
      latest = note;
      if (stopped || work.now() - spoke < plainIntervalMilliseconds) return;
      spoke = work.now();
      stream.write(`${statusOf(work, done, spoke - started)}${noteOf(note)}\n`);
    },
    stop(note) {
      if (stopped) return;
      stopped = true;
      stream.write(`${summaryOf(work, done, work.now() - started)}${noteOf(note ?? latest)}\n`);
    },
  };
}

function barProgress(
  work: Work,
  stream: NodeJS.WritableStream & { readonly columns?: number | undefined },
): Progress {
  const started = work.now();
  let finished: number | undefined;
  let note: string | undefined;
  const line = (_options: Options, params: Params): string => {
    const milliseconds = (finished ?? work.now()) - started;
    const status = (finished === undefined ? statusOf : summaryOf)(work, params.value, milliseconds);
    // One column stays free: some terminals wrap a line that fills the last one.
    const columns = Math.min(mostColumns, stream.columns ?? usualColumns) - 1;
    const text = `${status}${noteOf(note)}`;
    const barWidth = Math.max(narrowestBar, Math.min(widestBar, columns - text.length - 1));
    const full = Math.round(params.progress * barWidth);
    const bar = '\u2588'.repeat(full) + '\u2591'.repeat(barWidth - full);
    return `${bar} ${text}`.slice(0, columns);
  };
  // The line is cut above: with `linewrap` the terminal's own wrapping stays as it is, so Ctrl-C leaves nothing to repair.
  const bar = new SingleBar({ stream, format: line, fps: 5, linewrap: true });
  bar.start(work.total, work.initial);
  return {
    update(done, newNote) {
      note = newNote;
      bar.update(done);
    },
    stop(newNote) {
      if (finished !== undefined) return;
      finished = work.now();
      note = newNote ?? note;
      bar.stop();
    },
  };
}

/** `pre-train 120/400, 8.2/s, 34 s left` */
function statusOf(work: Work, done: number, milliseconds: number): string {
  const rate = ((done - work.initial) / Math.max(1, milliseconds)) * 1000;
  const pace = rate > 0 ? `, ${rateText(rate)}, ${durationText((work.total - done) / rate)} left` : '';
  return `${work.title} ${done}/${work.total}${pace}`;
}

/** `pre-train 400/400 in 49 s, 8.2/s` */
function summaryOf(work: Work, done: number, milliseconds: number): string {
  const rate = ((done - work.initial) / Math.max(1, milliseconds)) * 1000;
  const pace = rate > 0 ? `, ${rateText(rate)}` : '';
  return `${work.title} ${done}/${work.total} in ${durationText(milliseconds / 1000)}${pace}`;
}

function noteOf(note: string | undefined): string {
  return note === undefined || note === '' ? '' : `, ${note.replaceAll(/\s+/g, ' ')}`;
}

function rateText(perSecond: number): string {
  if (perSecond >= 1)
    return `${perSecond >= 100 ? Math.round(perSecond) : Number(perSecond.toPrecision(2))}/s`;
  return `${Number((1 / perSecond).toPrecision(2))} s each`;
}

/** Seconds as a person reads them: `0.4 s`, `34 s`, `2 min 05 s`, `1 h 02 min`. */
export function durationText(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}
