import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LockOptions, lockOwner, lockPath, takeLock } from './lock.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-lock-'));
  path = lockPath(folder, 'job');
});
afterEach(async () => {
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

  it('of another machine is stale once it is known that its owner does not live, whatever its signs of life', async () => {
    const within = { cell: '17' };
    const saying = (lives: boolean | undefined): LockOptions => ({
      liveness: { own: () => within, lives: async (other) => (other.cell === '17' ? lives : true) },
    });
    await held({ machine: 'elsewhere', within });
    expect(await takeLock(path, saying(undefined))).toBeUndefined();
    expect(await takeLock(path, saying(true))).toBeUndefined();
    expect(await takeLock(path)).toBeUndefined();
    expect(await takeLock(path, saying(false))).toBeDefined();
    expect((await lockOwner(path))?.within).toEqual(within);
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
