/** @file The event log of a suite's work: one JSON line an event, added by whoever does something. */
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

export type SuiteEvent =
  /** A run begins: how many jobs there are, and how many of them are to be done. */
  | {
      readonly event: 'planned';
      readonly suite: string;
      readonly jobs: number;
      readonly todo: number;
      /** How many are done at a time, where the run decides it. */
      readonly workers?: number | undefined;
    }
  | { readonly event: 'started'; readonly job: string; readonly title: string }
  | {
      readonly event: 'progress';
      readonly job: string;
      readonly title: string;
      /** From 0 to 1. */
      readonly share: number;
      readonly note?: string | undefined;
    }
  | { readonly event: 'done'; readonly job: string; readonly title: string; readonly seconds: number }
  | { readonly event: 'failed'; readonly job: string; readonly title: string; readonly message: string }
  | { readonly event: 'retried'; readonly job: string; readonly title: string; readonly message: string }
  | { readonly event: 'interrupted'; readonly job: string; readonly title: string }
  /** A run ends. */
  | {
      readonly event: 'ended';
      readonly done: number;
      readonly failed: number;
      readonly blocked: number;
      readonly interrupted: boolean;
    };

/** An event with when and where it happened. */
export type LoggedEvent = SuiteEvent & { readonly time: string; readonly host: string; readonly pid: number };

export const eventsPath = (state: string): string => join(state, 'events.jsonl');

/**
 * Adds an event in one write, so that lines of several processes do not mix. A full disk takes the log's end away,
 * never the work.
 * @param say told that something of it is lost
 */
export function logEvent(state: string, event: SuiteEvent, say: (text: string) => void): void {
  const logged: LoggedEvent = {
    time: new Date().toISOString(),
    ...event,
    host: hostname(),
    pid: process.pid,
  };
  try {
    if (!existsSync(state)) mkdirSync(state, { recursive: true });
    appendFileSync(eventsPath(state), `${JSON.stringify(logged)}\n`);
  } catch (error) {
    say(`ehmam: the event log is incomplete: ${String(error)}`);
  }
}

/** The events of a log; a line that was cut is passed over. */
export async function readEvents(state: string): Promise<LoggedEvent[]> {
  return parseEvents(await readFile(eventsPath(state), 'utf8').catch(() => ''));
}

/** The events that came after a place in the log, and the place that now is its end. */
export async function readEventsFrom(
  state: string,
  place: number,
): Promise<{ readonly events: LoggedEvent[]; readonly place: number }> {
  const file = await open(eventsPath(state)).catch(() => undefined);
  if (file === undefined) return { events: [], place };
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.max(0, size - place)),
      0,
      undefined,
      place,
    );
    // The last line may not be whole yet.
    const end = buffer.lastIndexOf('\n', bytesRead - 1) + 1;
    return { events: parseEvents(buffer.toString('utf8', 0, end)), place: place + end };
  } finally {
    await file.close();
  }
}

function parseEvents(text: string): LoggedEvent[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as LoggedEvent];
    } catch {
      return [];
    }
  });
}
