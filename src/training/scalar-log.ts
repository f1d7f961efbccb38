/** @file Scalars of a training for TensorBoard: an event file a process, in a folder a training. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { cannotWrite, systemCode } from '../base/files.js';
import { type EventContent, eventRecord } from '../formats/event-file.js';

/**
 * Writes values at an update, counted from 1; what is no finite number is left out. They are on disk at once: a killed process takes
 * none with it that its checkpoint knows of.
 * @throws UserError (exit code 1) where the folder cannot be written
 */
export type ScalarLog = (update: number, values: Readonly<Record<string, number>>) => void;

/**
 * A log of scalars in a folder. Nothing is written before the first value. A training that goes on, or begins anew, has its updates
 * once: what earlier files say of its first update and later ones does not count (TensorBoard passes over it).
 */
export function scalarLog(folder: string, now: () => number = Date.now): ScalarLog {
  let file: string | undefined;
  const record = (step: number, content: EventContent): Buffer =>
    eventRecord({ wallTime: now() / 1000, step, content });
  /** What stands at the beginning of a new file. */
  const opened = (firstUpdate: number): Buffer[] => {
    if (file !== undefined) return [];
    mkdirSync(folder, { recursive: true });
    // TensorBoard reads the files of a folder in the order of their names.
    const time = (now() / 1000).toFixed(3).padStart(14, '0');
    file = join(folder, `events.out.tfevents.${time}.${hostname()}.${process.pid}`);
    return [record(0, { kind: 'version' }), record(firstUpdate, { kind: 'start' })];
  };
  return (update, values) => {
    const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
    if (finite.length === 0) return;
    try {
      const events = [
        ...opened(update),
        record(update, { kind: 'scalars', values: Object.fromEntries(finite) }),
      ];
      appendFileSync(file as string, Buffer.concat(events));
    } catch (error) {
      throw systemCode(error) === undefined ? error : cannotWrite(file ?? folder, error);
    }
  };
}
