/** @file Heads on one hidden state each: what they learn, that they are the heads of the setting layers, and dev over classes. */
import { expect, test } from 'vitest';
import { ks } from '../../../tasks/ks/index.js';
import type { HeadWork } from '../../api/head-kind.js';
import type { Columns } from '../../api/task.js';
import { randomStream } from '../../base/random.js';
import { createEngine } from '../../engine/create.js';
import { someLayers } from '../../features/some-layers.js';
import { parseSettings } from '../settings.js';
import { columnsOf, heldFeatures, rowsOf, workOf } from '../toy-work.fixture.js';
import { withOutputs } from './model.js';
import { type PooledSettings, pooledSettingsSchema } from './settings.js';
import { trainLayers, trainPooledHeads } from './training.js';

const engine = await createEngine('onnx', { threads: 1 });
const classes = ['down', 'go', 'up'];
const slots = [{ column: 'label', classes }];
const [layers, dim] = [4, 6];

/** Clusters of three classes, of which hidden state 2 alone knows anything; `down` is rare. */
function clusters(): HeadWork {
  const random = randomStream(4, 'clusters');
  const utterances: Float32Array[] = [];
  const of = (size: number): Columns[] =>
    Array.from({ length: size }, (_, i) => {
      const label = i % 10 === 0 ? 0 : 1 + (i % 2);
      const signal = (at: number): number => (Math.floor(at / dim) === 2 && at % 3 === label ? 2 : 0);
      utterances.push(Float32Array.from({ length: layers * dim }, (_, at) => random.normal() + signal(at)));
      return { label: classes[label] as string };
    });
  const references = { train: of(60), dev: of(30), test: of(30) };
  return workOf(engine, heldFeatures(layers, dim, utterances), references, {
    metric: ks.metrics[0],
    score: (predictions, wanted) => ks.evaluate(rowsOf(predictions, wanted)).accuracy?.value ?? 0,
  });
}

const settingsOf = (change: object): PooledSettings =>
  parseSettings(
    pooledSettingsSchema,
    {
      projectionSize: 8,
      batchSize: 10,
      learningRates: [0.05, 1e-3],
      maximumUpdates: 60,
      patience: 6,
      ...change,
    },
    'ks',
  );

test('a head a hidden state and seed, each the one that is trained on that hidden state as if there were no other', async () => {
  const work = clusters();
  const settings = settingsOf({});
  const found = await trainLayers(work, slots, settings, [1, 2]);
  expect(found.map((results) => results.map(({ layer }) => layer))).toEqual([
    [0, 1, 2, 3],
    [0, 1, 2, 3],
  ]);
  for (const [i, seed] of [1, 2].entries())
    for (const layer of [0, 2]) {
      const alone = { ...work, features: someLayers(work.features, [layer]) };
      const [result] = await trainPooledHeads(alone, slots, settings, [seed]);
      const same = found[i]?.[layer];
      expect(same?.predictions).toEqual(result?.predictions);
      expect(same?.chosen).toBe(result?.chosen);
      expect(same?.curve.map(({ devMetric }) => devMetric)).toEqual(
        result?.curve.map(({ devMetric }) => devMetric),
      );
    }
  const accuracy = found[0]?.map(
    ({ predictions }) =>
      ks.evaluate(rowsOf(columnsOf(predictions), work.references.test)).accuracy?.value ?? 0,
  ) as number[];
  expect(accuracy[2]).toBeGreaterThan(0.9);
  for (const other of [0, 1, 3]) expect(accuracy[other]).toBeLessThan(0.8);
});

test('runs that are too large to be done together, and are done on several threads, learn the same', async () => {
  const work = clusters();
  const settings = settingsOf({
    projectionSize: 30_000,
    learningRates: [1e-3],
    maximumUpdates: 4,
    evaluateEvery: 2,
  });
  const two = await createEngine('onnx', { threads: 2 });
  const [one, several] = [
    await trainLayers(work, slots, settings, [1]),
    await trainLayers({ ...work, engine: two }, slots, settings, [1]),
  ];
  expect(several.map((results) => results.map(({ predictions }) => predictions))).toEqual(
    one.map((results) => results.map(({ predictions }) => predictions)),
  );
});

test('dev over classes counts a rare class as much as the others', async () => {
  const work = clusters();
  const settings = { learningRates: [1e-3], maximumUpdates: 6, evaluateEvery: 3 };
  const seen: { rows: readonly number[] | undefined; value: number }[] = [];
  const watched: HeadWork = {
    ...work,
    score: (predictions, split, rows) => {
      const value = work.score(predictions, split, rows);
      seen.push({ rows, value });
      return value;
    },
  };
  const [result] = await trainPooledHeads(
    watched,
    slots,
    settingsOf({ ...settings, devOver: 'classes' }),
    [1],
  );
  expect(result?.curve).toHaveLength(2);
  for (const [look, point] of (result?.curve ?? []).entries()) {
    const three = seen.slice(3 * look, 3 * look + 3);
    expect(three.map(({ rows }) => rows?.length).sort()).toEqual([12, 15, 3]);
    expect(three.flatMap(({ rows }) => rows ?? []).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, i) => i),
    );
    expect(point.devMetric).toBeCloseTo(
      three.reduce((sum, { value }) => sum + value / 3, 0),
      10,
    );
  }
  const [usual] = await trainPooledHeads(work, slots, settingsOf(settings), [1]);
  expect(usual?.curve[0]?.devLoss).not.toBeCloseTo(result?.curve[0]?.devLoss as number, 6);
});

test('a classifier of more outputs than there are speakers starts as wide as it is asked for, and names the rest', async () => {
  const [slot] = withOutputs([{ column: 'speaker', classes: ['a', 'b'] }], { outputs: 4 });
  expect(slot?.classes).toEqual(['a', 'b', '(no speaker 1)', '(no speaker 2)']);
  expect(withOutputs(slots, { outputs: 2 })).toEqual(slots);
  const settings = settingsOf({ learningRates: [0.05], maximumUpdates: 12, outputs: 1251 });
  const [result] = await trainPooledHeads(clusters(), slots, settings, [1]);
  expect(result?.head.parameters['classifier.0.bias']?.shape).toEqual([1251]);
  // At the start the loss is that of 1251 classes, not of three.
  expect(result?.curve[0]?.trainLoss).toBeGreaterThan(Math.log(3) + 1);
});
