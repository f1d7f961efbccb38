/** @file Both ways of keeping a training: when files are written, which stay, and what damage does. */
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../base/errors.js';
import { float32 } from '../base/host-tensor.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { type KeepingByTime, keepByTime } from './keep-by-time.js';
import {
  checkpointPath,
  checkpointUpdates,
  type KeepingByUpdates,
  keepByUpdates,
} from './keep-by-updates.js';
import { type ToyState, toyOrigin, toySchema } from './toy-training.fixture.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-keepers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const stateOf = (value: number): ToyState => ({ weights: float32([3], [value, 1, 2]), curve: [value] });
const reading = (value: number) => async (): Promise<ToyState> => stateOf(value);
const notRead = async (): Promise<ToyState> => {
  throw new Error('the state was read');
};

describe('keeping by time', () => {
  let time = 0;
  const keepingIn = (
    name: string,
    change: Partial<KeepingByTime<ToyState>> = {},
  ): KeepingByTime<ToyState> => ({
    file: join(folder, name, 'toy.checkpoint.safetensors'),
    origin: toyOrigin,
    schema: toySchema,
    everySeconds: 30,
    title: 'toy head',
    now: () => time,
    ...change,
  });

  it('writes, and reads the state, no more often than it is told to', async () => {
    const keeper = await keepByTime(keepingIn('pace'));
    time += 29_999;
    expect(await keeper.offer(1, notRead)).toBe(false);
    time += 1;
    expect(await keeper.offer(2, reading(2))).toBe(true);
    time += 29_999;
    expect(await keeper.offer(3, notRead)).toBe(false);
    await keeper.write(4, reading(4));
    expect((await keepByTime(keepingIn('pace'))).restored).toEqual({ update: 4, state: stateOf(4) });
  });

  it('takes no more than a twentieth of the time', async () => {
    const keeper = await keepByTime(keepingIn('slow disk'));
    const slow = (seconds: number) => async (): Promise<ToyState> => {
      time += 1000 * seconds;
      return stateOf(1);
    };
    time += 30_000;
    expect(await keeper.offer(1, slow(5))).toBe(true);
    time += 99_999;
    expect(await keeper.offer(2, notRead)).toBe(false);
    time += 1;
    expect(await keeper.offer(3, slow(0))).toBe(true);
    time += 30_000;
    expect(await keeper.offer(4, reading(4))).toBe(true);
  });

  async function remarksOf(name: string, change: Partial<KeepingByTime<ToyState>> = {}) {
    const remarks: string[] = [];
    const say = (remark: string): number => remarks.push(remark);
    const { restored } = await keepByTime(keepingIn(name, { ...change, say }));
    return { remarks, restored };
  }

  it('says what it goes on from, and takes away what a killed write left', async () => {
    await (await keepByTime(keepingIn('good'))).write(8, reading(8));
    const { file } = keepingIn('good');
    await writeFile(join(dirname(file), '.toy.checkpoint.safetensors.123-0123abcd.tmp'), 'half');
    expect((await remarksOf('good')).remarks).toEqual(['toy head: resuming from update 8']);
    expect(await readdir(dirname(file))).toEqual(['toy.checkpoint.safetensors']);
  });

  it.each([
    ['cut short', (file: string) => truncate(file, 200), /is truncated/],
    ['empty', (file: string) => writeFile(file, ''), /is not a safetensors file/],
    [
      'of an earlier version',
      (file: string) => writeSafetensors(file, {}, { format: 'ehmam head checkpoint 1' }),
      /is a checkpoint of an earlier version of ehmam/,
    ],
  ])('starts anew, with a remark, beside a file that is %s', async (what, damage, message) => {
    const { file } = keepingIn(what);
    await (await keepByTime(keepingIn(what))).write(8, reading(8));
    await damage(file);
    const { remarks, restored } = await remarksOf(what);
    expect(restored).toBeUndefined();
    expect(remarks).toHaveLength(1);
    expect(remarks[0]).toMatch(message);
    expect(remarks[0]).toMatch(/checkpoint\.safetensors: .*The toy head starts again from the beginning$/);
  });

  it('starts anew where the state is of other work, or not accepted', async () => {
    await (await keepByTime(keepingIn('other'))).write(8, reading(8));
    const other = await remarksOf('other', { origin: { ...toyOrigin, digest: 'b' } });
    expect(other).toMatchObject({
      restored: undefined,
      remarks: [expect.stringContaining('of a different training')],
    });
    const accept = (_: ToyState, file: string): ToyState => {
      throw new UserError('is a checkpoint of different seeds (1, 2)', { file });
    };
    const seeds = await remarksOf('other', { accept });
    expect(seeds).toMatchObject({
      restored: undefined,
      remarks: [expect.stringContaining('different seeds')],
    });
  });
});

describe('keeping by updates', () => {
  const keepingIn = (
    name: string,
    change: Partial<KeepingByUpdates<ToyState>> = {},
  ): KeepingByUpdates<ToyState> => ({
    folder: join(folder, name),
    origin: toyOrigin,
    schema: toySchema,
    every: 2,
    keep: 2,
    ...change,
  });
  async function keep(name: string, updates: readonly number[]): Promise<void> {
    const keeper = await keepByUpdates(keepingIn(name));
    for (const update of updates) await keeper.write(update, reading(update));
  }

  it('writes every so many updates, and reads the state only then', async () => {
    const keeper = await keepByUpdates(keepingIn('every other'));
    expect(await keeper.offer(1, notRead)).toBe(false);
    expect(await keeper.offer(2, reading(2))).toBe(true);
    expect(await keeper.offer(3, notRead)).toBe(false);
    await keeper.write(3, reading(3));
    expect(await checkpointUpdates(join(folder, 'every other'))).toEqual([2, 3]);
  });

  it('keeps the last ones, by number and not by name, and leaves other files alone', async () => {
    await keep('numbers', [8, 9, 10, 11]);
    await writeFile(join(folder, 'numbers', 'notes.txt'), 'mine');
    await keep('numbers', [100]);
    expect((await readdir(join(folder, 'numbers'))).sort()).toEqual([
      'notes.txt',
      'step-100.safetensors',
      'step-11.safetensors',
    ]);
  });

  it('goes on from the newest', async () => {
    await keep('newest', [9, 10]);
    const { restored } = await keepByUpdates(keepingIn('newest'));
    expect(restored).toEqual({ update: 10, state: stateOf(10) });
  });

  it('passes over damage with a remark, and moves it aside once there is a new state', async () => {
    const name = 'damaged';
    const path = join(folder, name);
    await keep(name, [2, 4]);
    await truncate(checkpointPath(path, 4), 100);
    await writeFile(join(path, '.step-6.safetensors.17-0123abcd.tmp'), 'killed');
    const remarks: string[] = [];
    const before = (await readdir(path)).sort();
    const keeper = await keepByUpdates(keepingIn(name, { say: (remark) => remarks.push(remark) }));
    expect(keeper.restored).toEqual({ update: 2, state: stateOf(2) });
    expect(remarks).toEqual([
      expect.stringMatching(/step-4\.safetensors: is truncated.*\. Resuming from step 2$/),
    ]);
    expect((await readdir(path)).sort()).toEqual(before);
    expect(await keeper.offer(3, notRead)).toBe(false);
    expect((await readdir(path)).sort()).toEqual(['step-2.safetensors', 'step-4.safetensors.damaged']);
    await keeper.offer(4, reading(4));
    expect(await checkpointUpdates(path)).toEqual([2, 4]);
  });

  it('finds a flipped bit as damage too', async () => {
    const path = join(folder, 'flipped');
    await keep('flipped', [2, 4]);
    const bytes = await readFile(checkpointPath(path, 4));
    bytes[bytes.length - 2] = (bytes[bytes.length - 2] as number) ^ 8;
    await writeFile(checkpointPath(path, 4), bytes);
    expect((await keepByUpdates(keepingIn('flipped'))).restored?.update).toBe(2);
  });

  it('stops where no file is whole: nothing that was trained is thrown away', async () => {
    const path = join(folder, 'all damaged');
    await keep('all damaged', [2, 4]);
    for (const update of [2, 4]) await truncate(checkpointPath(path, update), 100);
    await expect(keepByUpdates(keepingIn('all damaged'))).rejects.toThrow(
      /step-4\.safetensors: is truncated/,
    );
    expect(await checkpointUpdates(path)).toEqual([2, 4]);
  });

  it('refuses a folder of an earlier version, of other work, or of a state that is not accepted, whatever else is there', async () => {
    const path = join(folder, 'refused');
    await keep('refused', [2, 4]);
    const other = keepingIn('refused', { origin: { ...toyOrigin, digest: 'b' } });
    await expect(keepByUpdates(other)).rejects.toThrow(
      /step-4\.safetensors: is a checkpoint of a different training/,
    );
    const accept = (_: ToyState, file: string): ToyState => {
      throw new UserError('student b is missing or has the wrong shape', { file });
    };
    await expect(keepByUpdates(keepingIn('refused', { accept }))).rejects.toThrow(/student b is missing/);
    await writeSafetensors(checkpointPath(path, 6), { 'student/b': float32([1]) }, { step: '6' });
    await expect(keepByUpdates(keepingIn('refused'))).rejects.toThrow(
      /step-6\.safetensors: is a checkpoint of an earlier version .*\. Finish that training with/,
    );
  });
});
