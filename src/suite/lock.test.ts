import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireLock, holderOf, lockedKeys } from './lock.js';

let state = '';
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'ehmam-lock-'));
});
afterAll(() => rm(state, { recursive: true }));

describe('the lock of a job', () => {
  it('is held by one at a time, and free again when given back', async () => {
    const first = await acquireLock(state, 'a');
    expect(await acquireLock(state, 'a')).toMatchObject({ heldBy: { pid: process.pid, host: hostname() } });
    expect(await holderOf(state, 'a')).toMatchObject({ pid: process.pid });
    expect(await lockedKeys(state)).toEqual(new Set(['a']));
    if ('lock' in first) await first.lock.release();
    expect(await holderOf(state, 'a')).toBeUndefined();
    expect(await acquireLock(state, 'a')).toHaveProperty('lock');
  });

  it('of many that ask at once goes to one', async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, () => acquireLock(state, 'many')));
    expect(asked.filter((each) => 'lock' in each)).toHaveLength(1);
  });
});
