/** @file The disk budget of the feature store: whether the frames of a corpus may be stored. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { audioSeconds, sampleRateHz } from '../audio/index.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import { UserError } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import { type LockOptions, lockPath, takeLock } from '../lock.js';
import { longestUtteranceSeconds } from './encoding.js';
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

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

/**
 * Bytes of a size as people write it: `200GB`, `1.5 TB`, `512MiB`, `0`.
 * @throws UserError for anything else
 */
export function parseByteSize(text: string, option: string): number {
  const [, number, unit = ''] = /^\s*(\d+\.?\d*|\.\d+)\s*([kmgt]i?)?b?\s*$/i.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  if (number === undefined || factor === undefined)
    throw new UserError(`${option} '${text}' is no size`, { mend: 'Give a number and a unit: 200GB' });
  return Math.round(Number(number) * factor);
}

/** `12.3 GB` */
export function byteText(bytes: number): string {
  const [unit, factor] = (
    [
      ['TB', 1e12],
      ['GB', 1e9],
      ['MB', 1e6],
      ['kB', 1e3],
    ] as const
  ).find(([, size]) => bytes >= size) ?? ['bytes', 1];
  return `${factor === 1 ? bytes : (bytes / factor).toFixed(1)} ${unit}`;
}
