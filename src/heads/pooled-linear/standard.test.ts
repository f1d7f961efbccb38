/** @file Means over time brought to one scale: by train alone, the same in training, in a trained head and in its forward pass. */
import { expect, test } from 'vitest';
import { ks } from '../../../tasks/ks/index.js';
import type { HeadResult, HeadWork } from '../../api/head-kind.js';
import { randomStream } from '../../base/random.js';
import { constants } from '../../engine/constants.js';
import { createEngine } from '../../engine/create.js';
import * as tf from '../../engine/ops.js';
import { columnsOf, heldFeatures, rowsOf, workOf } from '../toy-work.fixture.js';
import { classified } from './classified.js';
import { type PooledStored, pooledForward } from './model.js';
import { type PooledSettings, pooledPresets, pooledSettingsSchema } from './settings.js';
import { trainPooledHeads } from './training.js';

const engine = await createEngine('onnx', { threads: 1 });
const classes = ['down', 'up'];
const slots = [{ column: 'label', classes }];
const [layers, dim, rows] = [2, 4, 40];
type Change = (value: number, column: number, row: number) => number;

/** Two classes in noise, the last dimension always 7; 20 utterances of train, 10 of dev and test each. */
function work(change: Change = (value) => value): HeadWork {
  const random = randomStream(9, 'two classes');
  const utterances = Array.from({ length: rows }, (_, row) =>
    Float32Array.from({ length: layers * dim }, (_, column) => {
      const value = column % dim === dim - 1 ? 7 : random.normal() + (column === 1 && row % 2 ? 3 : 0);
      return change(value, column, row);
    }),
  );
  const of = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({ label: classes[(from + i) % 2] as string }));
  const references = { train: of(0, 20), dev: of(20, 30), test: of(30, rows) };
  return workOf(engine, heldFeatures(layers, dim, utterances), references, {
    metric: ks.metrics[0],
    score: (predictions, wanted) => ks.evaluate(rowsOf(predictions, wanted)).accuracy?.value ?? 0,
  });
}

const settings = {
  ...{ ...pooledPresets.clean, projectionSize: 8, batchSize: 10 },
  ...{ learningRates: [0.05, 0.01], maximumUpdates: 40 },
};
const settingsOf = (change: object): PooledSettings => pooledSettingsSchema.parse({ ...settings, ...change });

async function trained(of: HeadWork, change = {}): Promise<HeadResult<PooledStored>> {
  const [result] = await trainPooledHeads(of, slots, settingsOf(change), [1]);
  return result as HeadResult<PooledStored>;
}

test('what a hidden state is multiplied by does not change a head, bit for bit at powers of two', async () => {
  const scaled: Change = (value, column) => value * (column < dim ? 1024 : 1 / 64);
  const [one, other] = [await trained(work()), await trained(work(scaled))];
  expect(other.curve).toEqual(one.curve);
  expect(other.predictions).toEqual(one.predictions);
  const plain = await trained(work(), { standardize: false });
  expect((await trained(work(scaled), { standardize: false })).curve).not.toEqual(plain.curve);
});

test('gives a hidden state one scale: the mean variance of its dimensions is 1, and the ratios of theirs stay', async () => {
  const { head } = await trained(work());
  const own = work();
  const [mean, scale] = ['standard.mean', 'standard.scale'].map(
    (name) => head.parameters[name]?.data as Float32Array,
  );
  const varianceOf = (column: number): number => {
    const values = own.places.train.map((place) => {
      const value = own.features.read(place)[column] as number;
      return (value - (mean?.[column] as number)) * (scale?.[column] as number);
    });
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
    return values.reduce((sum, value) => sum + value ** 2 / values.length, 0);
  };
  for (let first = 0; first < layers * dim; first += dim) {
    const columns = Array.from({ length: dim }, (_, i) => first + i);
    expect(columns.reduce((sum, column) => sum + varianceOf(column) / dim, 0)).toBeCloseTo(1, 4);
    expect(new Set(columns.map((column) => scale?.[column])).size).toBe(1);
  }
});

test('is of train alone: other dev and test utterances leave the statistics as they are', async () => {
  const one = await trained(work());
  const other = await trained(work((value, _, row) => (row < 20 ? value : 5 * value)));
  for (const name of ['standard.mean', 'standard.scale'])
    expect(other.head.parameters[name]).toEqual(one.head.parameters[name]);
  expect(one.head.parameters['standard.mean']?.data[dim - 1]).toBeCloseTo(7, 5);
});

test('a trained head says of frames and of means what it said when it was tested', async () => {
  const own = work();
  const { head, predictions } = await trained(own);
  const asked = {
    ...{ engine, features: own.features, hopSamples: 320, title: 'toy head' },
    places: own.places.test,
  };
  const again = await classified({ ...asked, spec: () => ({ kind: '' }) }, head.stored, head.parameters);
  expect(again).toEqual(predictions);
  const states = own.places.test.map((place) => tf.tensor(own.features.read(place), [layers, 1, 1, dim]));
  const { logits } = pooledForward(head.stored, constants(head.parameters), tf.concat(states, 1));
  const best = tf.argMax(logits as tf.Tensor, 1).dataSync();
  expect(Array.from(best, (at) => ({ label: classes[at] }))).toEqual(columnsOf(predictions));
});

test('a head that does not standardise keeps no statistics', async () => {
  const { head } = await trained(work(), { standardize: undefined });
  expect(Object.keys(head.parameters).filter((name) => name.startsWith('standard'))).toEqual([]);
});
