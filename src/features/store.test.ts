/** @file The feature store: exact, compiled as eager, reused, and whole again after damage. */
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeWav } from '../audio/index.js';
import { floatsOf } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import { readUtterance } from '../data/audio.js';
import type { Utterance } from '../data/rows.js';
import { createEngine } from '../engine/create.js';
import { breakableEngine } from '../engine/device/breakable.fixture.js';
import { npmOrt } from '../engine/ort/library.js';
import type { FeatureKind } from './encoding.js';
import { audioFor, decodedAhead } from './encoding.js';
import { extractHiddenStates, extractPooled } from './extract.js';
import type { Features } from './reader.js';
import { bytesOf } from './shards.js';
import { extractPart, openFeatures, shardsOf } from './store.js';
import { toyEncoder, toyHop } from './toy-encoder.fixture.js';

const count = 70; // More than one shard of frames.
const encoder = toyEncoder(1);
let corpus: string;
let utterances: Utterance[];

beforeAll(async () => {
  corpus = await mkdtemp(join(tmpdir(), 'ehmam-features-'));
  utterances = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const random = randomStream(i, 'noise');
      const path = join(corpus, `${i}.wav`);
      await writeWav(
        path,
        Float32Array.from({ length: 40 + 8 * (i % 13) }, () => random.normal() / 8),
        16000,
      );
      return { id: `u${i}`, path, split: 'train', columns: {}, line: i + 2, manifest: 'm.csv' };
    }),
  );
});

afterAll(() => rm(corpus, { recursive: true, force: true }));

async function open(kind: FeatureKind, folder: string, of = utterances): Promise<Features> {
  const engine = await createEngine('onnx', { threads: 1 });
  return openFeatures({
    engine,
    encoder,
    utterances: of,
    audioHash: 'm',
    kind,
    storage: { folder },
    quiet: true,
  });
}

describe('extraction', () => {
  const samples = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i));

  test('compiled equals eager at every length, one program for all', async () => {
    const [compiled, eager] = await Promise.all(
      (['onnx', 'cpu'] as const).map(async (name) => extractHiddenStates(await createEngine(name), encoder)),
    );
    for (const length of [8, 33, 100]) {
      const [a, b] = [await compiled?.(samples.slice(0, length)), await eager?.(samples.slice(0, length))];
      expect(a?.map(({ shape }) => shape)).toEqual(Array(2).fill([Math.floor(length / toyHop), 6]));
      for (const [layer, state] of (a ?? []).entries()) {
        floatsOf(state).forEach((value, i) => {
          expect(value).toBeCloseTo(b?.[layer]?.data[i] as number, 5);
        });
      }
    }
  });

  test('means are those of the frames, and their number is told', async () => {
    const engine = await createEngine('onnx');
    const { means, frames } = await extractPooled(engine, encoder)(samples);
    const states = await extractHiddenStates(engine, encoder)(samples);
    expect(frames).toBe(12);
    expect(means.shape).toEqual([2, 6]);
    const expected = states.flatMap((state) =>
      Array.from(
        { length: 6 },
        (_, d) => floatsOf(state).reduce((sum, v, i) => sum + (i % 6 === d ? v : 0), 0) / 12,
      ),
    );
    expected.forEach((value, i) => {
      expect(means.data[i]).toBeCloseTo(value, 5);
    });
  });

  test('an utterance too short for a frame is padded with zeros to one', async () => {
    const states = await extractHiddenStates(await createEngine('onnx'), encoder)(samples.slice(0, 3));
    expect(states[0]?.shape).toEqual([1, 6]);
  });
});

describe('the feature store', () => {
  test('gives back what the encoder gave, to half precision for frames', async () => {
    const folder = join(corpus, 'exact');
    const [frames, pooled] = [await open('frames', folder), await open('pooled', folder)];
    expect(frames.rows).toEqual(utterances.map((_, i) => 5 + (i % 13)));
    expect([pooled.layers, pooled.dim, pooled.rows.length]).toEqual([2, 6, count]);
    for (const i of [0, 63, 64, 69]) {
      const [rows, all, mean] = [frames.rows[i] as number, frames.read(i), pooled.read(i)];
      expect(all.length).toBe(2 * rows * 6);
      for (let layer = 0; layer < 2; layer++) {
        const own = all.subarray(layer * rows * 6, (layer + 1) * rows * 6);
        const sum = own.reduce((total, value, at) => total + (at % 6 === 2 ? value : 0), 0);
        expect(mean[layer * 6 + 2]).toBeCloseTo(sum / rows, 2);
      }
    }
    expect(frames.costs.encoderFrames).toBe(frames.rows.reduce((a, b) => a + b, 0));
    expect(pooled.costs.encoderFrames).toBe(frames.costs.encoderFrames);
    await frames.close();
    await pooled.close();
  });

  test('is not made again by a second run, and a damaged or missing shard alone is', async () => {
    const folder = join(corpus, 'resumed');
    const first = await open('frames', folder);
    const values = [first.read(2), first.read(66)];
    await first.close();
    const store = join(folder, (await readdir(folder))[0] as string);
    const times = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        await Promise.all(
          (await readdir(store)).map(async (f) => [f, (await stat(join(store, f))).mtimeMs] as const),
        ),
      );
    const before = await times();
    const dataOf = (shard: number): string =>
      Object.keys(before).find((name) => name.startsWith(`shard-0000${shard}-`) && name.endsWith('.bin')) ??
      '';
    expect(Object.keys(before).sort()).toEqual([
      dataOf(0),
      `${dataOf(0)}.verified`,
      'shard-00000.json',
      dataOf(1),
      `${dataOf(1)}.verified`,
      'shard-00001.json',
    ]);
    await (await open('frames', folder)).close();
    expect(await times()).toEqual(before);

    for (const damage of [
      () => truncate(join(store, dataOf(1)), 10),
      () => rm(join(store, 'shard-00001.json')),
      async () => {
        const file = join(store, dataOf(1));
        const bytes = await readFile(file);
        bytes[5] = (bytes[5] as number) ^ 1;
        await writeFile(file, bytes);
      },
    ]) {
      await damage();
      const again = await open('frames', folder);
      expect([again.read(2), again.read(66)]).toEqual(values);
      await again.close();
      const after = await times();
      expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
      expect(after[dataOf(0)]).toBe(before[dataOf(0)]);
      expect(after[dataOf(1)]).not.toBe(before[dataOf(1)]);
    }
  });

  test('names the audio file that stops it, and resumes once that is mended', async () => {
    const folder = join(corpus, 'stopped');
    const broken = utterances.map((u, i) => (i === 66 ? { ...u, path: join(corpus, 'text.wav') } : u));
    await writeFile(join(corpus, 'text.wav'), 'no audio');
    await expect(open('frames', folder, broken)).rejects.toThrow(/text\.wav/);
    const store = join(folder, (await readdir(folder))[0] as string);
    expect((await readdir(store)).map((name) => name.slice(0, 11))).toEqual(Array(3).fill('shard-00000'));
    const mended = await open('frames', folder);
    expect(mended.rows).toHaveLength(count);
    await mended.close();
  });
});

test('parts of a store, made one after the other, are the whole', async () => {
  const folder = join(corpus, 'parts');
  const engine = await createEngine('onnx', { threads: 1 });
  const options = {
    engine,
    encoder,
    utterances,
    audioHash: 'm',
    kind: 'frames',
    storage: { folder },
    quiet: true,
  } as const;
  expect(await extractPart(options, { index: 1, of: 2 })).toBe(1);
  const [store = ''] = await readdir(folder);
  expect((await readdir(join(folder, store))).map((name) => name.slice(0, 11))).toEqual(
    Array(3).fill('shard-00001'),
  );
  expect(await extractPart(options, { index: 0, of: 2 })).toBe(1);
  const [parts, whole] = [await open('frames', folder), await open('frames', join(corpus, 'no-parts'))];
  for (const place of [0, 63, 64, 69]) expect(parts.read(place)).toEqual(whole.read(place));
  expect(shardsOf(count, 'frames')).toBe(2);
});

test.skipIf(npmOrt() === undefined)(
  'a device that fails is told with what to do, and what was stored before is kept',
  async () => {
    const folder = join(corpus, 'lost-device');
    const { engine, breakIt } = breakableEngine();
    const options = {
      ...{ encoder, utterances, audioHash: 'm', storage: { folder }, quiet: true },
      kind: 'frames',
      onProgress: (done: number) => {
        if (done > 64) breakIt();
      },
    } as const;
    await expect(openFeatures({ ...options, engine })).rejects.toThrow(
      /^the device stopped working \(.*\)\. Run the same command again: features that are stored are kept\. /,
    );
    const [store = ''] = await readdir(folder);
    const stored = (await readdir(join(folder, store))).filter((name) => name.endsWith('.bin'));
    expect(stored).toEqual([expect.stringMatching(/^shard-00000-/)]);
  },
);

describe('a disk budget', () => {
  const framesBytes = (features: Features, type: 'float16' | 'float32'): number =>
    bytesOf[type] * 2 * 6 * features.rows.reduce((sum, rows) => sum + rows, 0);
  const bounded = async (folder: string, frameType: 'float16' | 'float32', budgetBytes: number) => {
    const remarks: string[] = [];
    const engine = await createEngine('onnx', { threads: 1 });
    const features = await openFeatures({
      ...{
        engine,
        encoder,
        utterances,
        audioHash: 'm',
        kind: 'frames',
        frameType,
        storage: { folder, budgetBytes },
      },
      remark: (text) => remarks.push(text),
    });
    return { features, remarks };
  };
  const dataIn = async (folder: string): Promise<string[]> =>
    (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.bin'));

  test.each(['float16', 'float32'] as const)(
    'that is too small leaves the values of %s as stored ones are, and says so',
    async (frameType) => {
      const stored = await bounded(join(corpus, `room-${frameType}`), frameType, 1e6);
      expect(stored.remarks).toEqual([]);
      const folder = join(corpus, `no-room-${frameType}`);
      const { features, remarks } = await bounded(folder, frameType, 1000);
      expect(remarks).toEqual([
        expect.stringMatching(/feature budget: 0 bytes of 1\.0 kB used, toy-1 needs .*recomputed/),
      ]);
      expect(await dataIn(folder)).toEqual([]);
      expect(features.rows).toEqual(stored.features.rows);
      const before = features.costs.encoderFrames;
      expect(before).toBe(stored.features.costs.encoderFrames);
      for (const place of [0, 12, 64, 69]) {
        expect(await features.load(place)).toEqual(stored.features.read(place));
        expect(await stored.features.load(place)).toEqual(stored.features.read(place));
      }
      const again = [0, 12, 64, 69].reduce((sum, place) => sum + (features.rows[place] as number), 0);
      expect(features.costs.encoderFrames).toBe(before + again);
      expect(stored.features.costs.encoderFrames).toBe(before);
      await features.close();
      // A larger budget later: now they are stored.
      const later = await bounded(folder, frameType, 1e6);
      expect(await dataIn(folder)).toHaveLength(2);
      expect(later.features.read(64)).toEqual(stored.features.read(64));
    },
  );

  test('counts what other stores take, or are going to take; what is stored stays in use', async () => {
    const folder = join(corpus, 'shared-room');
    const half = await bounded(folder, 'float16', 1e6);
    const bytes = framesBytes(half.features, 'float16');
    expect((await bounded(folder, 'float32', 3 * bytes - 1)).remarks).toHaveLength(1);
    expect((await bounded(folder, 'float32', 3 * bytes)).remarks).toEqual([]);
    expect((await bounded(folder, 'float16', 0)).remarks).toEqual([]);
    // Means are small: they are stored whatever the budget is.
    const engine = await createEngine('onnx', { threads: 1 });
    const options = { engine, encoder, utterances, audioHash: 'm', storage: { folder, budgetBytes: 0 } };
    const pooled = await openFeatures({ ...options, kind: 'pooled', quiet: true });
    expect(pooled.read(3)).toHaveLength(12);
  });
});

describe('bad audio', () => {
  test('is left out, named and counted up to what may be bad, and tried again when it may be mended', async () => {
    const folder = await mkdtemp(join(corpus, 'bad-'));
    const broken = join(folder, 'broken.wav');
    const of = utterances.map((each, i) => (i === 2 ? { ...each, path: broken } : each));
    await writeFile(broken, '');
    const engine = await createEngine('onnx', { threads: 1 });
    const options = {
      engine,
      encoder,
      utterances: of,
      audioHash: 'm',
      kind: 'frames',
      storage: { folder },
      quiet: true,
    } as const;
    await expect(openFeatures(options)).rejects.toThrow(
      `m.csv:4: utterance 'u2': ${broken}: the audio file is empty`,
    );
    const features = await openFeatures({ ...options, storage: { folder, mostBad: 1 / count } });
    expect([...features.bad.keys()]).toEqual([2]);
    expect(features.bad.get(2)).toContain('the audio file is empty');
    expect(features.rows[2]).toBe(0);
    expect(features.rows.filter((rows) => rows === 0)).toHaveLength(1);
    const whole = await open('frames', await mkdtemp(join(corpus, 'whole-')));
    expect(features.read(3)).toEqual(whole.read(3));
    // Kept on disk, and still too much for a stricter run.
    await expect(openFeatures(options)).rejects.toThrow(
      '1 of 70 utterances have unusable audio (allowed: 0)',
    );
    await writeFile(broken, await readFile(utterances[2]?.path ?? ''));
    const mended = await openFeatures(options);
    expect(mended.bad.size).toBe(0);
    expect(mended.read(2)).toEqual(whole.read(2));
    for (const each of [features, whole, mended]) await each.close();
  });

  test('is also what is too long, is not finite or lies about its length', async () => {
    const folder = await mkdtemp(join(corpus, 'long-'));
    const long = join(folder, 'long.wav');
    await writeWav(long, new Float32Array(181 * 16000), 16000);
    const of = utterances.map((each, i) =>
      i === 0 ? { ...each, path: long } : i === 1 ? { ...each, durationSeconds: 9 } : each,
    );
    const engine = await createEngine('onnx', { threads: 1 });
    const options = {
      engine,
      encoder,
      utterances: of,
      audioHash: 'm',
      kind: 'pooled',
      storage: { folder },
      quiet: true,
    } as const;
    const features = await openFeatures({ ...options, storage: { folder, mostBad: 2 / count } });
    expect(features.bad.get(0)).toContain('the utterance is too long (181.0 s');
    expect(features.bad.get(1)).toContain('is beyond the end of the file');
    await features.close();
  });
});

describe('audio read ahead', () => {
  const read = (utterance: Utterance) => readUtterance(utterance);

  test('comes in turn, with what is wrong with it in its turn, however much is read ahead', async () => {
    const some = [...utterances.slice(0, 5), { ...(utterances[5] as Utterance), path: 'missing.wav' }];
    for (const count of [1, 2, 20]) {
      let begun = 0;
      let most = 0;
      const counting = (utterance: Utterance) => {
        begun++;
        return read(utterance);
      };
      const ids: string[] = [];
      for await (const { utterance, samples } of decodedAhead(some, { read: counting, count })) {
        ids.push(utterance.id);
        most = Math.max(most, begun - ids.length);
        expect(samples instanceof Error).toBe(utterance.path === 'missing.wav');
      }
      expect(ids).toEqual(some.map(({ id }) => id));
      expect(begun).toBe(some.length);
      expect(most).toBe(Math.min(count, some.length - 1));
    }
  });

  test('is read by threads where a device encodes', async () => {
    const audio = audioFor({ ...(await createEngine('onnx', { threads: 1 })), provider: 'cuda' });
    expect(audio.count).toBeGreaterThanOrEqual(4);
    expect(await audio.read(utterances[0] as Utterance)).toEqual(await read(utterances[0] as Utterance));
    await audio.close();
  });
});
