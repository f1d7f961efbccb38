import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lockOwner, lockPath, takeLock } from './lock.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-lock-'));
  path = lockPath(folder, 'job');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** A lock as its owner would have written it. */
async function held(changes: Readonly<Record<string, unknown>>, secondsAgo = 0): Promise<void> {
  const lock = await takeLock(path);
  const owner: unknown = JSON.parse(await readFile(`${path}.0`, 'utf8'));
  await lock?.release();
  await writeFile(`${path}.0`, JSON.stringify({ ...(owner as object), ...changes }));
  const then = new Date(Date.now() - 1000 * secondsAgo);
  await utimes(`${path}.0`, then, then);
}

describe('a lock', () => {
  it('has one owner at a time, and leaves nothing behind', async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
    expect(taken.filter((lock) => lock !== undefined)).toHaveLength(1);
    expect((await lockOwner(path))?.pid).toBe(process.pid);
    for (const lock of taken) await lock?.release();
    expect(await lockOwner(path)).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
    expect(await takeLock(path)).toBeDefined();
  });

  it('of a dead process is taken over by one of many at once', async () => {
    const child = spawn('true');
    await new Promise((resolve) => child.on('close', resolve));
    for (let round = 0; round < 10; round++) {
      await held({ pid: child.pid });
      const taken = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
      const [owner, ...more] = taken.filter((lock) => lock !== undefined);
      expect(more).toEqual([]);
      await owner?.release();
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it('of an earlier process with the id of a living one is stale', async () => {
    await held({ started: '1' });
    expect(await takeLock(path)).toBeDefined();
  });

  it('of another machine lives as long as it gives signs of life', async () => {
    await held({ machine: 'elsewhere' }, 100);
    expect(await takeLock(path)).toBeUndefined();
    expect((await lockOwner(path))?.machine).toBe('elsewhere');
    expect(await takeLock(path, { silentSeconds: 90 })).toBeDefined();
  });

  it('of a Slurm job is stale once that runs no more, or is this one started again', async () => {
    const slurm = { job: '17', restart: '0' };
    await held({ machine: 'elsewhere', slurm });
    expect(await takeLock(path, { runsInSlurm: async () => undefined })).toBeUndefined();
    expect(await takeLock(path, { runsInSlurm: async () => true })).toBeUndefined();
    const lock = await takeLock(path, { runsInSlurm: async (job) => job !== '17' });
    expect(lock).toBeDefined();
    await lock?.release();
    await held({ machine: 'elsewhere', slurm });
    vi.stubEnv('SLURM_JOB_ID', '17');
    expect(await takeLock(path)).toBeUndefined();
    vi.stubEnv('SLURM_RESTART_COUNT', '1');
    expect(await takeLock(path)).toBeDefined();
  });

  it('whose writer was killed before it wrote its name is stale after some seconds', async () => {
    await writeFile(`${path}.0`, '');
    expect(await takeLock(path)).toBeUndefined();
    const then = new Date(Date.now() - 6000);
    await utimes(`${path}.0`, then, then);
    expect(await takeLock(path)).toBeDefined();
  });

  it('says so where it cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(takeLock(join(folder, 'file', 'job'))).rejects.toThrow('cannot be written');
  });
});
