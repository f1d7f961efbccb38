/** @file The disk budget of the feature store: whether the frames of a corpus may be stored. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { audioSeconds, sampleRateHz } from '../audio/index.js';
import { writeFileAtomic } from '../base/files.js';
import { type LockOptions, lockPath, takeLock } from '../base/lock.js';
import { longestUtteranceSeconds } from '../data/audio.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import { bytesOf, type StoredType } from './shards.js';

/** A store that is being filled counts with all it is going to take: the file says how much that is. */
const reservationName = 'reserved-bytes';

export interface Demand {
  /** The folder of all stores. */
  readonly root: string;
  /** The name of this one. */
  readonly name: string;
  readonly budgetBytes: number;
  /** What this store is going to take. */
  readonly bytes: number;
  readonly lock: LockOptions;
}

/** What the frames of every hidden state are going to take; audio that cannot be read takes nothing. */
export async function estimateFrameBytes(
  encoder: Encoder,
  utterances: readonly Utterance[],
  type: StoredType,
): Promise<number> {
  const bytesPerFrame = bytesOf[type] * encoder.dims.reduce((sum, dim) => sum + dim, 0);
  let frames = 0;
  for (const { path, startSeconds = 0, durationSeconds } of utterances) {
    const seconds = durationSeconds ?? (await audioSeconds(path).catch(() => 0)) - startSeconds;
    if (seconds > longestUtteranceSeconds || seconds <= 0) continue;
    frames += Math.max(1, Math.floor((seconds * sampleRateHz) / encoder.hopSamples));
  }
  return frames * bytesPerFrame;
}

/**
 * Asks for room; processes that ask at the same time are answered one after the other.
 * @returns whether the store fits, and what the others take or have been promised
 */
export async function reserve({ root, name, budgetBytes, bytes, lock }: Demand): Promise<{
  readonly fits: boolean;
  readonly othersBytes: number;
}> {
  const path = lockPath(root, 'budget');
  let held = await takeLock(path, lock);
  while (held === undefined) {
    await sleep(50);
    held = await takeLock(path, lock);
  }
  try {
    const stores = (await readdir(root, { withFileTypes: true })).filter((each) => each.isDirectory());
    let othersBytes = 0;
    for (const store of stores) if (store.name !== name) othersBytes += await takenBy(join(root, store.name));
    const fits = othersBytes + bytes <= budgetBytes;
    const reservation = join(root, name, reservationName);
    if (fits) await writeFileAtomic(reservation, `${bytes}\n`);
    else await rm(reservation, { force: true });
    return { fits, othersBytes };
  } finally {
    await held.release();
  }
}

async function takenBy(folder: string): Promise<number> {
  let stored = 0;
  for (const name of await readdir(folder).catch(() => []))
    if (name.endsWith('.bin')) stored += (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0;
  const reserved = Number(await readFile(join(folder, reservationName), 'utf8').catch(() => '0'));
  return Math.max(stored, Number.isFinite(reserved) ? reserved : 0);
}
