/** @file Progress on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet. */
import { columnsOf, liveLines, type Screen } from './live-lines.js';

export interface Progress {
  /** Says how many of `total` are done, with a short note ('loss 1.23'). */
  update(done: number, note?: string): void;
  /** Ends the display with a final line. Call it in a `finally`: until then it keeps the process alive. */
  stop(note?: string): void;
}

export interface ProgressOptions {
  readonly quiet?: boolean;
  /** How many were done before this run (a resumed one): they do not count in the rate. */
  readonly initial?: number;
  /** Where to write (default: stderr). */
  readonly stream?: Screen;
  /** What kind the terminal is (default: $TERM). */
  readonly terminal?: string;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

/** From one line of a log to the next. */
export const logMilliseconds = 30_000;
/** The most columns that a bar fills. */
const mostColumns = 120;
/** The bar makes room for a long note. */
const [narrowestBar, widestBar] = [6, 16];
/** From here on the time before the first update, which loads and compiles, does not count in the rate. */
const steadyMilliseconds = 3000;

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

interface Point {
  readonly done: number;
  readonly at: number;
}

/** How far a work is, as text. */
interface Told {
  update(done: number, note: string | undefined): void;
  /** How far it is now: `pre-train 120/400, 8.2/s, 34 s left, loss 1.23`. */
  status(): string;
  /** How it ended: `pre-train 400/400 in 49 s, 8.2/s, loss 1.23`. */
  summary(note: string | undefined): string;
  /** From 0 to 1. */
  share(): number;
}

function tell({ title, total, initial, now }: Work): Told {
  const start: Point = { done: initial, at: now() };
  let first: Point | undefined;
  let last: Point = start;
  let note: string | undefined;
  const perSecond = (from: Point, to: Point): number =>
    ((to.done - from.done) / Math.max(1, to.at - from.at)) * 1000;
  const pace = (): string => {
    const steady = first !== undefined && last.at - first.at >= steadyMilliseconds && last.done > first.done;
    const rate = steady ? perSecond(first as Point, last) : perSecond(start, { done: last.done, at: now() });
    if (!(rate > 0)) return ', estimating';
    const left = (total - last.done) / rate - (steady ? (now() - last.at) / 1000 : 0);
    return `, ${rateText(rate)}, ${durationText(Math.max(0, left))} left`;
  };
  return {
    update(done, newNote) {
      last = { done, at: now() };
      first ??= last;
      note = newNote;
    },
    status: () => `${title} ${last.done}/${total}${pace()}${noteOf(note)}`,
    summary(newNote) {
      const at = now();
      const rate = perSecond(start, { done: last.done, at });
      const inAll = `${title} ${last.done}/${total} in ${durationText((at - start.at) / 1000)}`;
      return `${inAll}${rate > 0 ? `, ${rateText(rate)}` : ''}${noteOf(newNote ?? note)}`;
    },
    share: () => (total > 0 ? Math.min(1, last.done / total) : 1),
  };
}

function lineProgress(work: Work, stream: NodeJS.WritableStream): Progress {
  const told = tell(work);
  let stopped = false;
  // By a timer, not by updates: one of them may take minutes.
  const timer = setInterval(() => stream.write(`${told.status()}\n`), logMilliseconds);
  return {
    update: told.update,
    stop(note) {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      stream.write(`${told.summary(note)}\n`);
    },
  };
}

function barProgress(work: Work, stream: Screen): Progress {
  const told = tell(work);
  let ended: string | undefined;
  const line = (): string => {
    const text = ended ?? told.status();
    const columns = Math.min(mostColumns - 1, columnsOf(stream));
    const barWidth = Math.max(narrowestBar, Math.min(widestBar, columns - text.length - 1));
    return `${barOf(told.share(), barWidth)} ${text}`.slice(0, columns);
  };
  const lines = liveLines(stream, () => [line()]);
  return {
    update: told.update,
    stop(note) {
      ended ??= told.summary(note);
      lines.stop();
    },
  };
}

/** @param share from 0 to 1 */
function barOf(share: number, width: number): string {
  const full = Math.round(share * width);
  return '\u2588'.repeat(full) + '\u2591'.repeat(width - full);
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
