/** @file A disk that fills up while a training is kept: one error, the last good file stays, and it goes on from there. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../base/errors.js';
import { keepByTime } from './keep-by-time.js';
import { keepByUpdates } from './keep-by-updates.js';
import { keepNothing } from './keeper.js';
import { toyOrigin, toySchema, trainToy } from './toy-training.fixture.js';

/** Whether a write to this file finds the disk full. */
const disk = vi.hoisted(() => ({ fullFor: (_file: string): boolean => false }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    open: async (...given: Parameters<typeof real.open>) => {
      const handle = await real.open(...given);
      if (given[1] === 'wx' && disk.fullFor(String(given[0]))) {
        // A part reaches the disk.
        handle.writeFile = async () => {
          await handle.write('cut');
          const message = 'ENOSPC: no space left on device, write';
          throw Object.assign(new Error(message), { code: 'ENOSPC', syscall: 'write' });
        };
      }
      return handle;
    },
  };
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-full-'));
});
beforeEach(() => {
  disk.fullFor = () => false;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const byUpdates = (name: string) =>
  keepByUpdates({ folder: join(folder, name), origin: toyOrigin, schema: toySchema, every: 4, keep: 2 });
const byTime = (name: string) =>
  keepByTime({
    file: join(folder, name, 'toy.safetensors'),
    origin: toyOrigin,
    schema: toySchema,
    everySeconds: 0,
    title: 'toy',
  });

describe.each([
  ['by updates', byUpdates, /step-8\.safetensors/, 'step-4.safetensors'],
  ['by time', byTime, /toy\.safetensors/, 'toy.safetensors'],
] as const)('a full disk met by a training kept %s', (policy, open, file, left) => {
  it('is one error, and the last good state stays', async () => {
    const whole = await trainToy({ keeper: keepNothing() });
    let writes = 0;
    disk.fullFor = (path) => file.test(path) && ++writes >= (policy === 'by time' ? 5 : 1);
    const error = await trainToy({ keeper: await open(policy) }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/: cannot be written \(ENOSPC.*\)\. The disk is full: free some space/),
    });
    expect(await readdir(join(folder, policy))).toEqual([left]);
    disk.fullFor = () => false;
    const keeper = await open(policy);
    expect(keeper.restored?.update).toBe(4);
    expect(await trainToy({ keeper })).toEqual(whole);
  });

  it('at a stop says so: the state before is what is left', async () => {
    const name = `${policy}, stopped`;
    const controller = new AbortController();
    const report = (update: number): void => {
      if (update < 5) return;
      disk.fullFor = () => true;
      controller.abort();
    };
    const stopped = trainToy({ keeper: await open(name), signal: controller.signal, report });
    await expect(stopped).rejects.toThrow(/cannot be written \(ENOSPC/);
    disk.fullFor = () => false;
    expect((await open(name)).restored?.update).toBe(4);
  });
});
