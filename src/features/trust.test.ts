/** @file What of a feature store is read when it is opened: nothing that was found right before and is as it was left. */
import { cp, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256OfFile } from '../base/files.js';
import { removeNotes } from './notes.fixture.js';
import { readShard, storedData, writeShard } from './shards.js';

// Counts what is read whole; everything else is as it is.
vi.mock('../base/files.js', async (load) => {
  const files = await load<typeof import('../base/files.js')>();
  return { ...files, sha256OfFile: vi.fn(files.sha256OfFile) };
});

const shards = 3;
const ids = ['a', 'b'];
const costs = { encoderFrames: 6, seconds: 1 };
const writeOne = (store: string, index: number) =>
  writeShard(
    store,
    index,
    ids.map((id, i) => ({
      id,
      rows: 3,
      data: storedData(id, [Float32Array.from({ length: 6 }, (_, at) => index + i + at)], 'float16'),
    })),
    costs,
  );

let root: string;
let store: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-trust-'));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  store = await mkdtemp(join(root, 'store-'));
  for (let index = 0; index < shards; index++) await writeOne(store, index);
  vi.mocked(sha256OfFile).mockClear();
});

/** Whether each shard is there and whole, and how many files were read whole to find out. */
async function opened(folder: string, verify = false): Promise<{ whole: boolean[]; read: number }> {
  const before = vi.mocked(sha256OfFile).mock.calls.length;
  const whole: boolean[] = [];
  for (let index = 0; index < shards; index++)
    whole.push((await readShard(folder, index, ids, verify)) !== undefined);
  return { whole, read: vi.mocked(sha256OfFile).mock.calls.length - before };
}

const dataOf = async (folder: string, index: number): Promise<string> =>
  join(
    folder,
    (await readdir(folder)).find((name) => name.startsWith(`shard-0000${index}-`) && name.endsWith('.bin')) ??
      '',
  );

/** Turns one bit of a file. */
async function flip(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[5] = (bytes[5] as number) ^ 1;
  await writeFile(file, bytes);
}

const all = Array(shards).fill(true);

describe('a feature store', () => {
  it('is opened without reading its data by who made it and by all others', async () => {
    expect(await opened(store)).toEqual({ whole: all, read: 0 });
  });

  it('of an earlier version, where nothing is noted, is read whole once and not made again', async () => {
    await removeNotes(store);
    expect(await opened(store)).toEqual({ whole: all, read: shards });
    expect(await opened(store)).toEqual({ whole: all, read: 0 });
  });

  it('that was copied is read whole once', async () => {
    const copy = join(root, 'copy');
    await cp(store, copy, { recursive: true });
    expect(await opened(copy)).toEqual({ whole: all, read: shards });
    expect(await opened(copy)).toEqual({ whole: all, read: 0 });
    expect(await opened(store)).toEqual({ whole: all, read: 0 });
  });

  it('with a byte that was changed misses that shard, which is read, and no other', async () => {
    await flip(await dataOf(store, 1));
    expect(await opened(store)).toEqual({ whole: [true, false, true], read: 1 });
    await writeOne(store, 1);
    expect(await opened(store)).toEqual({ whole: all, read: 0 });
  });

  it('with a byte that the disk lost, size and time as before, is found by verifying alone', async () => {
    const file = await dataOf(store, 2);
    const [atime, mtime] = [new Date(), new Date('2020-01-01')];
    await utimes(file, atime, mtime);
    expect((await opened(store)).whole).toEqual(all);
    await flip(file);
    await utimes(file, atime, mtime);
    expect(await opened(store)).toEqual({ whole: all, read: 0 });
    expect(await opened(store, true)).toEqual({ whole: [true, true, false], read: shards });
  });

  it('whose data is gone misses that shard, and reads nothing', async () => {
    const file = await dataOf(store, 0);
    await rm(file);
    expect(await opened(store)).toEqual({ whole: [false, true, true], read: 0 });
  });

  it('says the same to many who meet it at once', async () => {
    await removeNotes(store);
    const met = await Promise.all(Array.from({ length: 20 }, () => opened(store)));
    expect(met.map(({ whole }) => whole)).toEqual(Array(20).fill(all));
    expect(await opened(store)).toEqual({ whole: all, read: 0 });
    expect((await readdir(store)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
