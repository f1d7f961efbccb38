import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireLock, holderOf } from './lock.js';

let state = '';
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'ehmam-lock-'));
});
afterAll(() => rm(state, { recursive: true }));

async function leave(key: string, holder: object): Promise<string> {
  const path = join(state, 'locks', key);
  await mkdir(join(state, 'locks'), { recursive: true });
  await writeFile(path, JSON.stringify({ id: 'x', started: 'then', ...holder }));
  return path;
}

describe('the lock of a job', () => {
  it('is held by one at a time, and free again when given back', async () => {
    const first = await acquireLock(state, 'a');
    expect(await acquireLock(state, 'a')).toMatchObject({ heldBy: { pid: process.pid, host: hostname() } });
    expect(await holderOf(state, 'a')).toMatchObject({ pid: process.pid });
    if ('lock' in first) await first.lock.release();
    expect(await holderOf(state, 'a')).toBeUndefined();
    expect(await acquireLock(state, 'a')).toHaveProperty('lock');
  });

  it('of many that ask at once goes to one', async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, () => acquireLock(state, 'many')));
    expect(asked.filter((each) => 'lock' in each)).toHaveLength(1);
  });

  it('is taken from a process that is dead, or that has the number of one', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await leave('dead', { host: hostname(), pid: child.pid });
    await leave('reused', { host: hostname(), pid: process.pid });
    for (const key of ['dead', 'reused']) {
      const asked = await Promise.all(Array.from({ length: 5 }, () => acquireLock(state, key)));
      expect(asked.filter((each) => 'lock' in each)).toHaveLength(1);
    }
  });

  it('of another host is respected while its holder is heard of', async () => {
    const path = await leave('far', { host: 'elsewhere', pid: 1 });
    expect(await acquireLock(state, 'far')).toMatchObject({ heldBy: { host: 'elsewhere' } });
    const longAgo = new Date(Date.now() - 300_000);
    await utimes(path, longAgo, longAgo);
    expect(await acquireLock(state, 'far')).toHaveProperty('lock');
  });

  it('leaves nothing else behind', async () => {
    expect((await readdir(join(state, 'locks'))).sort()).toEqual(['a', 'dead', 'far', 'many', 'reused']);
  });
});
