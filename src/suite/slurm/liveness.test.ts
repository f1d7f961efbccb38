/** @file Locks of processes in Slurm jobs: of another node, of a job that ended, of an earlier start of this one. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lockPath, takeLock } from '../../base/lock.js';
import { slurmLiveness } from './liveness.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-slurm-lock-'));
  path = lockPath(folder, 'job');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** The lock that job 17, started for the first time, holds on another node. */
async function heldByJob17(): Promise<void> {
  vi.stubEnv('SLURM_JOB_ID', '17');
  const lock = await takeLock(path, { liveness: slurmLiveness() });
  const owner = JSON.parse(await readFile(`${path}.0`, 'utf8')) as object;
  await lock?.release();
  vi.unstubAllEnvs();
  await writeFile(`${path}.0`, JSON.stringify({ ...owner, machine: 'elsewhere' }));
}

const runs = (answer: boolean | undefined) => ({ liveness: slurmLiveness(async () => answer) });

describe('the lock of a Slurm job', () => {
  it('is stale once that runs no more', async () => {
    await heldByJob17();
    expect(await takeLock(path, runs(undefined))).toBeUndefined();
    expect(await takeLock(path, runs(true))).toBeUndefined();
    const asked: string[] = [];
    const liveness = slurmLiveness(async (job) => {
      asked.push(job);
      return false;
    });
    expect(await takeLock(path, { liveness })).toBeDefined();
    expect(asked).toEqual(['17']);
  });

  it('is stale when this is that job started again, and not while it is the same start', async () => {
    await heldByJob17();
    vi.stubEnv('SLURM_JOB_ID', '17');
    expect(await takeLock(path, runs(false))).toBeUndefined();
    vi.stubEnv('SLURM_RESTART_COUNT', '1');
    expect(await takeLock(path, runs(undefined))).toBeDefined();
  });
});
