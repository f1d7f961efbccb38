/** @file Locks of jobs: one process does a job at a time, on whichever host, and a dead one holds no other up. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Lock, type LockOwner, lockOwner, takeLock } from '../base/lock.js';
import { suiteLocks } from './slurm/liveness.js';

export type { Lock } from '../base/lock.js';

/** Who holds a lock. */
export type Holder = Pick<LockOwner, 'host' | 'pid'>;

export type Acquired = { readonly lock: Lock } | { readonly heldBy: Holder };

const lockPath = (state: string, key: string): string => join(state, 'locks', key);

/** Takes the lock of a job, or says who has it. The lock of a dead process is taken from it. */
export async function acquireLock(state: string, key: string): Promise<Acquired> {
  for (;;) {
    const lock = await takeLock(lockPath(state, key), suiteLocks);
    if (lock !== undefined) return { lock };
    const heldBy = await holderOf(state, key);
    if (heldBy !== undefined) return { heldBy };
    // It was given back this very moment, or its owner is not written yet.
    await sleep(10);
  }
}

/** Keys whose locks are there, whether or not their holders live. */
export async function lockedKeys(state: string): Promise<ReadonlySet<string>> {
  const names = await readdir(join(state, 'locks')).catch(() => []);
  return new Set(names.map((name) => name.replace(/\.\d+$/, '')));
}

/** Who holds the lock of a job now. */
export async function holderOf(state: string, key: string): Promise<Holder | undefined> {
  return lockOwner(lockPath(state, key), suiteLocks);
}
