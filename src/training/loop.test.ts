/** @file The loop of every training: when it looks, when it ends, and that stops and kills at any place change nothing. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256OfFile } from '../base/files.js';
import { keepByTime } from './keep-by-time.js';
import { checkpointPath, checkpointUpdates, keepByUpdates } from './keep-by-updates.js';
import { type Keeper, keepNothing } from './keeper.js';
import { type ToyState, toyOrigin, toySchema, trainToy } from './toy-training.fixture.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-loop-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the loop', () => {
  it('looks after every so many updates and after the last one', async () => {
    const looks: number[] = [];
    const before = (what: string, update: number): void => {
      if (what === 'look') looks.push(update);
    };
    const end = await trainToy({ keeper: keepNothing(), looksEvery: 5, before });
    expect(looks).toEqual([5, 10, 12]);
    expect(end).toMatchObject({ update: 12, interrupted: false });
    expect(end.state.curve).toHaveLength(3);
  });

  it('does several updates at once, but none across a look', async () => {
    const places: number[] = [];
    const many = await trainToy({
      keeper: keepNothing(),
      looksEvery: 5,
      mostAtOnce: 4,
      report: (update) => places.push(update),
    });
    expect(places).toEqual([4, 5, 9, 10, 12]);
    expect(many).toEqual(await trainToy({ keeper: keepNothing(), looksEvery: 5 }));
  });

  it('ends where a look says so', async () => {
    const end = await trainToy({ keeper: keepNothing(), looksEvery: 3, endsAt: (update) => update === 6 });
    expect(end).toMatchObject({ update: 6, interrupted: false });
  });

  it('without updates to do gives the state as it is, also without looking', async () => {
    const end = await trainToy({ keeper: keepNothing(), updates: 0, looksEvery: 1 });
    expect(end).toMatchObject({ update: 0, interrupted: false, state: { curve: [] } });
  });

  it('offers the state at every place it reaches, and reads it for the keeper alone', async () => {
    const offered: number[] = [];
    const keeper: Keeper<ToyState> = {
      ...keepNothing<ToyState>(),
      offer: async (update) => {
        offered.push(update);
        return false;
      },
    };
    await trainToy({ keeper, updates: 4, mostAtOnce: 3 });
    expect(offered).toEqual([3, 4]);
  });
});

const policies = [
  [
    'by time, all the time',
    (name: string) =>
      keepByTime({
        file: join(folder, name),
        origin: toyOrigin,
        schema: toySchema,
        everySeconds: 0,
        title: name,
      }),
  ],
  [
    'by time, seldom',
    (name: string) =>
      keepByTime({
        file: join(folder, name),
        origin: toyOrigin,
        schema: toySchema,
        everySeconds: 1e6,
        title: name,
      }),
  ],
  [
    'by updates',
    (name: string) =>
      keepByUpdates({ folder: join(folder, name), origin: toyOrigin, schema: toySchema, every: 4, keep: 2 }),
  ],
] as const;

describe.each(policies)('a training kept %s', (policy, open) => {
  it('and stopped after every update ends as one that was not', async () => {
    const whole = await trainToy({ keeper: keepNothing(), looksEvery: 5, mostAtOnce: 2 });
    for (let stop = 1; stop <= 12; stop++) {
      const name = `${policy} ${stop}`;
      const controller = new AbortController();
      const report = (update: number): void => {
        if (update >= stop) controller.abort();
      };
      const toy = { looksEvery: 5, mostAtOnce: 2 };
      const part = await trainToy({ ...toy, keeper: await open(name), signal: controller.signal, report });
      expect(part.interrupted).toBe(true);
      const keeper = await open(name);
      expect(keeper.restored).toEqual({ update: part.update, state: part.state });
      expect(await trainToy({ ...toy, keeper })).toEqual(whole);
    }
  });

  it('and stopped at each update in turn comes to the same end', async () => {
    const whole = await trainToy({ keeper: keepNothing(), looksEvery: 5 });
    const name = `${policy}, again and again`;
    for (let starts = 1; ; starts++) {
      const controller = new AbortController();
      const keeper = await open(name);
      const report = (): void => controller.abort();
      const part = await trainToy({ keeper, looksEvery: 5, signal: controller.signal, report });
      if (part.update < 12) {
        expect(part).toMatchObject({ update: starts, interrupted: true });
        continue;
      }
      expect(part.state).toEqual(whole.state);
      expect(starts).toBe(12);
      return;
    }
  });

  it('and aborted before its first update writes nothing', async () => {
    const name = `${policy} at once`;
    const part = await trainToy({ keeper: await open(name), signal: AbortSignal.abort() });
    expect(part).toMatchObject({ update: 0, interrupted: true });
    expect(await readdir(folder)).not.toContain(name);
  });

  it('and killed at any step or look goes on to the same end', async () => {
    const whole = await trainToy({ keeper: keepNothing(), looksEvery: 5 });
    for (const what of ['step', 'look'] as const) {
      for (let kill = 1; kill <= 12; kill++) {
        const name = `${policy} ${what} ${kill} killed`;
        const before = (doing: string, update: number): void => {
          if (doing === what && update === kill) throw new Error('killed');
        };
        const killed = trainToy({ keeper: await open(name), looksEvery: 5, before });
        await killed.catch((error: Error) => expect(error.message).toBe('killed'));
        expect(await trainToy({ keeper: await open(name), looksEvery: 5 })).toEqual(whole);
      }
    }
  });
});

it('stopped and resumed, a training leaves the same files as one that was not', async () => {
  const open = policies[2][1];
  await trainToy({ keeper: await open('undisturbed') });
  const controller = new AbortController();
  const report = (update: number): void => {
    if (update === 6) controller.abort();
  };
  await trainToy({ keeper: await open('disturbed'), signal: controller.signal, report });
  await trainToy({ keeper: await open('disturbed') });
  const [a, b] = [join(folder, 'undisturbed'), join(folder, 'disturbed')];
  expect(await checkpointUpdates(a)).toEqual([8, 12]);
  expect(await checkpointUpdates(b)).toEqual([8, 12]);
  for (const update of [8, 12])
    expect(await sha256OfFile(checkpointPath(b, update))).toBe(await sha256OfFile(checkpointPath(a, update)));
});
