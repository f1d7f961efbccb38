/** @file Keeps a training's last states in a folder, one file every so many updates: `step-N.safetensors`. */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, type UserError } from '../base/errors.js';
import { removeUnfinished } from '../base/files.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint-file.js';
import { type Keeper, type KeepOptions, type Kept, keptSchema } from './keeper.js';

const filePattern = /^step-(\d+)\.safetensors$/;

export interface KeepingByUpdates<State> extends KeepOptions<State> {
  readonly folder: string;
  /** Updates between two files. */
  readonly every: number;
  /** How many files stay: the newest ones. */
  readonly keep: number;
}

/** What to do with a checkpoint of another version. */
export const otherVersionHint =
  'Finish that training with the version that started it, or start again in another folder';

/** Updates after which a state is kept in a folder, rising. */
export async function checkpointUpdates(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .map((name) => Number(filePattern.exec(name)?.[1] ?? Number.NaN))
    .filter((update) => !Number.isNaN(update))
    .sort((a, b) => a - b);
}

/** Where the state after so many updates is kept. */
export const checkpointPath = (folder: string, update: number): string =>
  join(folder, `step-${update}.safetensors`);

/**
 * Opens the folder of a training and reads its newest state that is whole. Nothing is written before the first state is
 * offered: then the damaged ones are renamed `.damaged`.
 * @throws UserError for a state of other work, and where states were kept but none is whole
 */
export async function keepByUpdates<State>(keeping: KeepingByUpdates<State>): Promise<Keeper<State>> {
  const { folder, origin, every, keep } = keeping;
  const { restored, damaged } = await newestWhole(keeping);
  let begun = false;
  const begin = async (): Promise<void> => {
    begun = true;
    await removeUnfinished(folder);
    for (const file of damaged) await rename(file, `${file}.damaged`);
  };
  const write: Keeper<State>['write'] = async (update, read) => {
    if (!begun) await begin();
    await writeCheckpoint(checkpointPath(folder, update), origin, { update, state: await read() });
    const updates = await checkpointUpdates(folder);
    for (const old of updates.slice(0, -keep)) await rm(checkpointPath(folder, old));
  };
  return {
    restored,
    write,
    async offer(update, read) {
      if (!begun) await begin();
      if (update % every !== 0) return false;
      await write(update, read);
      return true;
    },
  };
}

/** The newest state that can be read, and the newer files that cannot. */
async function newestWhole<State>(
  keeping: KeepingByUpdates<State>,
): Promise<{ readonly restored: Kept<State> | undefined; readonly damaged: readonly string[] }> {
  const { folder, origin, schema, say = () => {}, accept = (state) => state } = keeping;
  const damaged: string[] = [];
  let newest: UserError | undefined;
  for (const update of (await checkpointUpdates(folder)).reverse()) {
    const file = checkpointPath(folder, update);
    const reading = await readCheckpoint(file, origin, keptSchema(schema), otherVersionHint);
    if ('damage' in reading) {
      newest ??= reading.damage;
      damaged.push(file);
      continue;
    }
    const state = accept(reading.state.state, file);
    if (newest !== undefined) say(`${messageOf(newest)}. Resuming from step ${update}`);
    return { restored: { update, state }, damaged };
  }
  if (newest !== undefined) throw newest;
  return { restored: undefined, damaged };
}
