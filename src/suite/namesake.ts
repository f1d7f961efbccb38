/** @file A results folder has one encoder of a name: a result of another one is never replaced, nor taken for its own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../base/errors.js';
import { type Lock, takeLock } from '../base/lock.js';
import { isSameEncoder, shortHash } from '../results/encoder-rows.js';
import { recordedPath } from '../results/places.js';
import { type ResultRecord, recordFileName } from '../results/record.js';
import { readRecord, recordFolder } from '../results/store.js';
import { suiteLocks } from './slurm/liveness.js';

/** What a record says of an encoder and what is known of it before. */
export type NamedEncoder = Pick<ResultRecord['encoder'], 'name' | 'spec' | 'hash'>;

/**
 * The record in the place of an encoder's result of a task, whatever work it is of.
 * @returns undefined where there is none that can be read
 * @throws UserError where it is the result of another encoder that has the name
 */
export async function ownRecord(
  folder: string,
  encoder: NamedEncoder,
  task: string,
): Promise<ResultRecord | undefined> {
  const place = recordFolder(folder, encoder.name, task);
  const file = join(place, recordFileName);
  // An unreadable record is no record: it is written anew.
  const record = await readRecord(file).catch(() => undefined);
  if (record === undefined || isSameEncoder(record.encoder, { ...record.encoder, ...encoder })) return record;
  // A record alone, as a checkout has it, is a copy to read: its predictions and its head are elsewhere.
  if (!existsSync(join(place, record.predictions))) return undefined;
  const { spec } = record.encoder;
  const here = recordedPath(encoder.spec);
  const were =
    spec === here ? 'of different weights' : `of ${spec}, which has the same name '${encoder.name}'`;
  throw new UserError(
    `contains the result ${were} (${shortHash(record.encoder)}; ${here} has ${shortHash(encoder)})`,
    {
      file,
      hint: `Choose another --out, rename one of the encoders' folders, or remove ${place} if you no longer need its result`,
    },
  );
}

const pauseMilliseconds = 20;

/** Writes into the place of a result while no other process does: who comes second finds what the first one wrote. */
export async function withPlace<T>(
  folder: string,
  encoderName: string,
  task: string,
  write: () => Promise<T>,
) {
  const path = join(recordFolder(folder, encoderName, task), '.writing');
  let lock: Lock | undefined;
  for (lock = await takeLock(path, suiteLocks); lock === undefined; lock = await takeLock(path, suiteLocks))
    await sleep(pauseMilliseconds);
  try {
    return await write();
  } finally {
    await lock.release();
  }
}
