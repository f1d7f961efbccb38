/** @file Keeps a training in one file, written anew every so many seconds. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, UserError } from '../base/errors.js';
import { removeUnfinished } from '../base/files.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint-file.js';
import { type Keeper, type KeepOptions, type Kept, keptSchema } from './keeper.js';

export const usualSecondsBetweenCheckpoints = 30;
const greatestShareOfTime = 0.05;

export interface KeepingByTime<State> extends KeepOptions<State> {
  readonly file: string;
  /** The file is written no more often than this, and takes no more than a twentieth of the time; 0: at every safe place. */
  readonly everySeconds: number;
  /** For remarks: `ks head of tiny`. */
  readonly title: string;
  /** What is counted, for remarks (default: update). */
  readonly unit?: string;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

/** Opens the file of a training. One that cannot be used is reported, and the training starts anew. */
export async function keepByTime<State>(keeping: KeepingByTime<State>): Promise<Keeper<State>> {
  const { file, origin, everySeconds, now = () => performance.now() } = keeping;
  const restored = await restoredState(keeping);
  let written = now();
  let pause = 1000 * everySeconds;
  const write: Keeper<State>['write'] = async (update, read) => {
    const started = now();
    await writeCheckpoint(file, origin, { update, state: await read() });
    written = now();
    if (everySeconds > 0) pause = Math.max(1000 * everySeconds, (written - started) / greatestShareOfTime);
  };
  return {
    restored,
    write,
    async offer(update, read) {
      if (now() - written < pause) return false;
      await write(update, read);
      return true;
    },
  };
}

async function restoredState<State>(keeping: KeepingByTime<State>): Promise<Kept<State> | undefined> {
  const { file, origin, schema, title, unit = 'update', say = () => {}, accept = (state) => state } = keeping;
  await removeUnfinished(dirname(file));
  if (!existsSync(file)) return undefined;
  try {
    const reading = await readCheckpoint(file, origin, keptSchema(schema));
    if ('damage' in reading) throw reading.damage;
    const { update, state } = reading.state;
    const accepted = accept(state, file);
    say(`${title}: resuming from ${unit} ${update}`);
    return { update, state: accepted };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`${messageOf(error)}. The ${title} starts again from the beginning`);
    return undefined;
  }
}
