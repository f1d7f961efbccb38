/** @file A head of one's own trained one seed and rate after the other: it learns, and stops and kills change nothing. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Keeping } from '../api/head-kind.js';
import { randomStream } from '../base/random.js';
import type { Engine } from '../engine/engine.js';
import { engineUnderTest, expectNear } from '../engine/engines.fixture.js';
import {
  type FrameLabelsSettings,
  type FrameLabelsWork,
  type LabelledFrames,
  trainFrameLabels,
} from './frame-labels.fixture.js';
import type { TrainedSeed } from './one-by-one.js';

let folder: string;
let engine: Engine;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-one-by-one-'));
  engine = await engineUnderTest('onnx');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Frames of three labels, two layers of which the second tells them apart. */
function utterances(count: number, purpose: string): LabelledFrames[] {
  const random = randomStream(3, purpose);
  return Array.from({ length: count }, () => {
    const labels = Array.from({ length: 2 + random.integer(4) }, () => random.integer(3));
    const values = [0, 1].flatMap((layer) =>
      labels.flatMap((label) =>
        Array.from({ length: 4 }, (_, i) => random.normal() + (layer === 1 && i === label ? 2 : 0)),
      ),
    );
    return { values: Float32Array.from(values), labels };
  });
}

const data = { train: utterances(20, 'train'), dev: utterances(10, 'dev') };
const workWith = (change: Partial<FrameLabelsWork> = {}): FrameLabelsWork => ({
  engine,
  features: { layers: 2, dim: 4 },
  places: { train: [0], dev: [1], test: [2] },
  metric: { name: 'accuracy', direction: 'higher' },
  title: 'toy head',
  quiet: true,
  utterances: data,
  ...change,
});
const usual: FrameLabelsSettings = {
  labels: 3,
  batchSize: 5,
  learningRates: [0.1, 1e-3],
  maximumUpdates: 10,
  evaluateEvery: 3,
  patience: 0,
  gradientClip: 1,
};
const seeds = [1, 2];
const keepingIn =
  (name: string, change: Partial<Keeping> = {}) =>
  (seed: number): Keeping => ({
    file: join(folder, name, `${seed}`, 'head.checkpoint.safetensors'),
    origin: { encoder: 'a' },
    everySeconds: 0,
    ...change,
  });
const train = (change: Partial<FrameLabelsWork> = {}, settings = usual, which = seeds) =>
  trainFrameLabels(workWith(change), settings, which);
/** What a result says, without the time it took. */
const said = (results: readonly TrainedSeed[]): unknown =>
  results.map(({ earlierSeconds: _, ...result }) => result);

describe('a head of its own kind', () => {
  let whole: TrainedSeed[];
  beforeAll(async () => {
    whole = await train();
  });

  it('learns, every seed at every rate, and gives the best on dev', () => {
    expect(whole.map(({ seed }) => seed)).toEqual(seeds);
    for (const { tried, chosen, curve } of whole) {
      expect(tried.map(({ learningRate }) => learningRate)).toEqual([0.1, 1e-3]);
      expect(tried.every(({ ended, updates }) => ended === 'finished' && updates === 10)).toBe(true);
      expect(chosen).toBe(0.1);
      expect(curve.map(({ update }) => update)).toEqual([3, 6, 9, 10]);
      expect(curve.at(-1)?.devMetric).toBeGreaterThan(0.6);
      expect(curve.at(-1)?.devLoss).toBeLessThan(curve[0]?.devLoss as number);
    }
  });

  it('has a train loss that is the mean since the last look', async () => {
    const every = await train({}, { ...usual, evaluateEvery: 1 }, [1]);
    const losses = every[0]?.curve.map(({ trainLoss }) => trainLoss) as number[];
    const mean = (from: number, to: number): number =>
      losses.slice(from, to).reduce((a, b) => a + b, 0) / (to - from);
    for (const [i, [from, to]] of [
      [0, 3],
      [3, 6],
      [6, 9],
      [9, 10],
    ].entries() as IterableIterator<[number, [number, number]]>)
      expect(whole[0]?.curve[i]?.trainLoss).toBeCloseTo(mean(from, to), 6);
  });

  it('is the same trained with others or alone', async () => {
    const [alone] = await train({}, usual, [2]);
    expect({ ...alone, earlierSeconds: 0 }).toEqual({ ...whole[1], earlierSeconds: 0 });
  });

  it('is the same kept all the time', async () => {
    const remarks: string[] = [];
    const keepingOf = keepingIn('kept', { say: (text) => remarks.push(text) });
    expect(said(await train({ keepingOf }))).toEqual(said(whole));
    expect(remarks).toEqual([]);
    for (const seed of seeds) expect(existsSync(keepingOf(seed).file)).toBe(true);
  });

  it('is the same interrupted after every update', async () => {
    const remarks: string[] = [];
    for (let starts = 1; ; starts++) {
      const controller = new AbortController();
      const reason = new Error('interrupted');
      const keepingOf = keepingIn('interrupted', {
        everySeconds: 1000,
        signal: controller.signal,
        say: (text) => remarks.push(text),
      });
      // The first report of a run comes after its first update.
      const onProgress = (): void => controller.abort(reason);
      const results = await train({ keepingOf, onProgress }).catch((error: unknown) => {
        if (error !== reason) throw error;
        return undefined;
      });
      if (results === undefined) continue;
      expect(said(results)).toEqual(said(whole));
      expect(results[0]?.earlierSeconds).toBeGreaterThan(0);
      // Two seeds, two rates, ten updates, and a last start that finds all done.
      expect(starts).toBe(41);
      // The first seed's file is met by every start but the first, the second's by all after twenty-one.
      expect(remarks).toHaveLength(40 + 20);
      return;
    }
  });

  it('is the same killed anywhere', async () => {
    const random = randomStream(7, 'moments');
    for (let kill = 0; kill < 4; kill++) {
      const update = 1 + random.integer(38);
      let reports = 0;
      const onProgress = (): void => {
        if (++reports > update) throw new Error('killed');
      };
      await expect(train({ keepingOf: keepingIn(`kill ${kill}`), onProgress })).rejects.toThrow('killed');
      expect(said(await train({ keepingOf: keepingIn(`kill ${kill}`) }))).toEqual(said(whole));
    }
  });

  it('is not trained again for a seed that is done, when a later one is interrupted', async () => {
    let reports = 0;
    const onProgress = (): void => {
      if (++reports > 25) throw new Error('killed');
    };
    const seldom = { everySeconds: 1000 };
    await expect(train({ keepingOf: keepingIn('later', seldom), onProgress })).rejects.toThrow('killed');
    const remarks: string[] = [];
    const keepingOf = keepingIn('later', { ...seldom, say: (text) => remarks.push(text) });
    expect(said(await train({ keepingOf }))).toEqual(said(whole));
    expect(remarks).toEqual(['toy head: resuming from update 10']);
  });

  it('of a training that ended gives each of its seeds without an update', async () => {
    await train({ keepingOf: keepingIn('ended') });
    const broken = { ...data, train: [] };
    const results = await train({ keepingOf: keepingIn('ended'), utterances: broken }, usual, [2]);
    expect(said(results)).toEqual(said(whole.slice(1)));
  });

  it.each([
    ['another encoder', { origin: { encoder: 'b' } }, usual, [1], /of a different training/],
    ['other settings', {}, { ...usual, gradientClip: 2 }, [1], /of a different training/],
    ['another seed', {}, usual, [3], /of different seeds \(1\)/],
  ])('does not go on from a checkpoint of %s', async (what, change, settings, which, message) => {
    let reports = 0;
    const onProgress = (): void => {
      if (++reports > 5) throw new Error('killed');
    };
    await expect(train({ keepingOf: keepingIn(what), onProgress })).rejects.toThrow('killed');
    const remarks: string[] = [];
    const keeping = keepingIn(what, { ...change, say: (text) => remarks.push(text) });
    // Only the first seed's training had begun.
    const results = await train({ keepingOf: () => keeping(1) }, settings, which);
    expect(said(results)).toEqual(said(await train({}, settings, which)));
    expect(remarks).toEqual([expect.stringMatching(message)]);
  });

  it('ends early where dev does not get better', async () => {
    const [result] = await train({}, { ...usual, maximumUpdates: 60, evaluateEvery: 1, patience: 3 }, [1]);
    const [fast] = result?.tried ?? [];
    expect(fast).toMatchObject({ ended: 'stalled' });
    const best = result?.curve.findIndex(({ devMetric }) => devMetric === fast?.devMetric) as number;
    expect(best).toBeLessThan(fast?.updates as number);
  });

  it('tells the progress of a seed from 0 to 1', async () => {
    const shares: number[] = [];
    await train({ onProgress: (share) => shares.push(share) }, usual, [1]);
    expect(shares).toEqual(Array.from({ length: 20 }, (_, i) => (i + 1) / 20));
  });

  it('is trained alike by an eager engine', async () => {
    const short = { ...usual, learningRates: [0.1] };
    const [compiled] = await train({}, short, [1]);
    const [eager] = await train({ engine: await engineUnderTest('cpu') }, short, [1]);
    expectNear(eager?.parameters ?? {}, compiled?.parameters ?? {}, 1e-4);
  });
});
