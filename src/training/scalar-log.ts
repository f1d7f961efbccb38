/** @file Scalars of a training for TensorBoard: an event file a process, in a folder a training. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { cannotWrite, systemCode } from '../base/files.js';
import { type EventContent, eventRecord } from '../formats/event-file.js';

export interface ScalarLog {
  /** Writes values at an update, counted from 1; what is no finite number is left out. */
  write(update: number, values: Readonly<Record<string, number>>): void;
  /** Writes what is not on disk yet. */
  close(): void;
}

/** Events wait for others no longer than this: who watches a training looks at it every 30 s. */
const mostWaitingMilliseconds = 2000;

/**
 * A log of scalars in a folder. Nothing is written before the first value. A training that goes on, or begins anew, has its updates
 * once: what earlier files say of its first update and later ones does not count (TensorBoard passes over it).
 * @throws UserError (exit code 1) from `write` and `close` where the folder cannot be written
 */
export function scalarLog(folder: string, now: () => number = Date.now): ScalarLog {
  const started = now();
  let file: string | undefined;
  let waiting: Buffer[] = [];
  let flushed = started;
  const add = (step: number, content: EventContent): void => {
    waiting.push(eventRecord({ wallTime: now() / 1000, step, content }));
  };
  const flush = (): void => {
    if (file === undefined || waiting.length === 0) return;
    try {
      appendFileSync(file, Buffer.concat(waiting));
    } catch (error) {
      throw systemCode(error) === undefined ? error : cannotWrite(file, error);
    }
    waiting = [];
    flushed = now();
  };
  const open = (firstUpdate: number): void => {
    // TensorBoard reads the files of a folder in the order of their names.
    const time = (started / 1000).toFixed(3).padStart(14, '0');
    file = join(folder, `events.out.tfevents.${time}.${hostname()}.${process.pid}`);
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      throw systemCode(error) === undefined ? error : cannotWrite(folder, error);
    }
    add(0, { kind: 'version' });
    add(firstUpdate, { kind: 'start' });
  };
  return {
    write(update, values) {
      const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
      if (finite.length === 0) return;
      if (file === undefined) open(update);
      add(update, { kind: 'scalars', values: Object.fromEntries(finite) });
      if (now() - flushed >= mostWaitingMilliseconds) flush();
    },
    close: flush,
  };
}
