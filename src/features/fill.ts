/** @file Makes the shards of a store that are not there: several processes share the work, any may be killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../base/errors.js';
import { type LockOptions, lockPath, takeLock } from '../base/lock.js';
import { createProgress } from '../base/progress.js';
import { isUsable, longestUtteranceSeconds } from '../data/audio.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { audioFor, encodeAll, encoderOf, type FeatureKind } from './encoding.js';
import { readShard, type ShardDescription, type StoredType, shardName, writeShard } from './shards.js';

/** What a store holds, and where. */
export interface StorePlan {
  readonly engine: Engine;
  readonly encoder: Encoder;
  readonly utterances: readonly Utterance[];
  readonly kind: FeatureKind;
  readonly type: StoredType;
  /** Utterances of a shard. */
  readonly size: number;
  readonly folder: string;
  readonly mostBad: number;
  /** Whether all data is read, even what nothing says has changed. */
  readonly verify: boolean;
  readonly quiet: boolean;
  /** Told how many of the utterances that are to have features have them. */
  readonly onProgress: (done: number) => void;
  readonly lock: LockOptions;
}

/** Where a shard made by another process is waited for, it is looked for this often. */
const waitMilliseconds = 300;

const partOf = ({ utterances, size }: StorePlan, index: number): readonly Utterance[] =>
  utterances.slice(index * size, (index + 1) * size);

/** A shard that is whole and up to date, else undefined. */
export async function findShard(plan: StorePlan, index: number): Promise<ShardDescription | undefined> {
  const part = partOf(plan, index);
  const shard = await readShard(
    plan.folder,
    index,
    part.map(({ id }) => id),
    plan.verify,
  );
  // What was bad may have been mended, or its disk may be back.
  const again = part.filter(({ id }) => shard?.bad?.[id] !== undefined);
  const mended = await Promise.all(again.map((each) => isUsable(each, longestUtteranceSeconds)));
  return mended.includes(true) ? undefined : shard;
}

/**
 * Makes shards, or waits for the process that is making them.
 * @param shards every shard of the store, as far as known: what is made is entered here
 * @param wanted which of them are to be there in the end
 * @param keep whether data is stored; else what is known of it alone
 */
export async function fillShards(
  plan: StorePlan,
  shards: (ShardDescription | undefined)[],
  wanted: readonly number[],
  keep: boolean,
): Promise<void> {
  const { engine, encoder, kind, quiet, utterances } = plan;
  const total = wanted.reduce((sum, index) => sum + partOf(plan, index).length, 0);
  const doneNow = (): number =>
    wanted.reduce((sum, index) => sum + (isThere(shards[index], keep) ? partOf(plan, index).length : 0), 0);
  const progress = createProgress(`features of ${encoder.name}`, total, { quiet, initial: doneNow() });
  const tell = (done: number): void => {
    progress.update(done);
    plan.onProgress(done);
  };
  const encode = encoderOf(engine, encoder, kind, plan.type);
  const audio = audioFor(engine);
  try {
    let waiting = wanted.filter((index) => !isThere(shards[index], keep));
    while (waiting.length > 0) {
      const busy: number[] = [];
      for (const index of waiting) {
        const lock = await takeLock(lockPath(plan.folder, shardName(index)), plan.lock);
        if (lock === undefined) {
          busy.push(index);
          continue;
        }
        try {
          const made = await findShard(plan, index);
          shards[index] = isThere(made, keep) ? made : undefined;
          if (shards[index] !== undefined) continue;
          const done = doneNow();
          let bad = badOf(shards);
          const { features, ...costs } = await encodeAll(partOf(plan, index), {
            encode,
            type: plan.type,
            audio,
            onProgress: (count) => tell(done + count),
            onBad: (error) => checkBad(utterances.length, plan.mostBad, ++bad, error.message, error),
          });
          shards[index] = await writeShard(plan.folder, index, features, costs, keep);
        } finally {
          await lock.release();
        }
      }
      tell(doneNow());
      if (busy.length === waiting.length) await sleep(waitMilliseconds);
      waiting = busy;
    }
  } finally {
    progress.stop();
    await encode.dispose();
    await audio.close();
  }
}

/** Whether a shard needs no making: one without its data does only where data is not kept. */
export function isThere(shard: ShardDescription | undefined, keep: boolean): boolean {
  return shard !== undefined && (shard.kept || !keep);
}

export function badOf(shards: readonly (ShardDescription | undefined)[]): number {
  return shards.reduce((count, shard) => count + Object.keys(shard?.bad ?? {}).length, 0);
}

/** @throws UserError when more utterances are bad than may be; the error itself where none may be */
export function checkBad(
  utterances: number,
  mostBad: number,
  bad: number,
  reason: string | undefined,
  error?: UserError,
): void {
  if (bad <= mostBad) return;
  if (mostBad === 0 && error !== undefined) throw error;
  throw new UserError(
    `${bad} of ${utterances} utterances have unusable audio (allowed: ${mostBad}): ${reason}`,
    { hint: 'Fix the audio, remove it from the manifest, or allow more with --max-bad', cause: error },
  );
}
