/** @file The head without recurrence: PyTorch's logits and updates of several batches, s3prl's buckets, learning. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { pr } from '../../../tasks/pr/index.js';
import type { Columns } from '../../api/task.js';
import type { HostTensor } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import { createEngine } from '../../engine/create.js';
import { expectNear, runOn } from '../../engine/engines.fixture.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { adamDefaults, adamStart } from '../../nn/adam.js';
import { compileUpdates } from '../../training/updates.js';
import { parseSettings } from '../settings.js';
import { columnsOf, heldFeatures, rowsOf, workOf } from '../toy-work.fixture.js';
import { buckets, targetBatch } from './batches.js';
import { ctcForward } from './model.js';
import { ctcSettingsSchema } from './settings.js';
import { trainCtcHeads } from './training.js';
import { type CtcUpdate, ctcBatchLoss } from './update.js';

// Made by phone_head.py beside it.
const file = fileURLToPath(new URL('../../../test/fixtures/torch/phone_head.safetensors', import.meta.url));
const { tensors } = await readSafetensors(file);
const value = (name: string): HostTensor => tensors[name] as HostTensor;
const names = ['layerWeights', 'projector.weight', 'projector.bias', 'output.weight', 'output.bias'];
const parametersAt = (place: 'start' | 'end') =>
  Object.fromEntries(names.map((name) => [name, value(`${place}/${name}`)]));
const form = { blank: 0, join: 1, lstmLayers: 0 };

/** A batch of the fixture, as training makes one. */
function batch(at: number) {
  const [states, steps, lengths] = ['states', 'steps', 'targetLengths'].map((name) => value(`${at}/${name}`));
  const rows = steps?.shape[0] ?? 0;
  const texts = Array.from({ length: rows }, (_, row) =>
    Array.from(value(`${at}/targets`).data.slice(4 * row, 4 * row + (lengths?.data[row] ?? 0)), Number),
  );
  return {
    batch: { states: states as HostTensor, steps: steps as HostTensor },
    ...targetBatch(texts, rows, 4),
    key: { shape: [], dtype: 'int32', data: Int32Array.of(0) } as HostTensor,
  };
}

test.each(['onnx', 'cpu'] as const)("two Linear layers have on %s PyTorch's logits", async (engine) => {
  const stored = { ...form, column: 'phones', tokens: [] };
  const logits = await runOn(
    engine,
    ({ parameters, states }: { readonly parameters: Parameters; readonly states: tf.Tensor }) =>
      ctcForward(stored, parameters, states),
    { parameters: parametersAt('start'), states: value('0/states') },
  );
  expectNear(logits, { logits: value('0/logits') }, 1e-5);
});

test("an update of two batches is PyTorch's: mean losses, halved, summed, clipped", async () => {
  const engine = await createEngine('onnx', { threads: 1 });
  const loss = ctcBatchLoss({ ...form, dropout: 0 });
  const updates = compileUpdates<CtcUpdate>(engine, loss, { ...adamDefaults, clipNorm: 1 }, 'a phone head');
  const start = parametersAt('start');
  let weights = updates.hold({ parameters: start, moments: adamStart(start) }, 0);
  for (const update of [0, 1, 2]) {
    const parts = [batch(2 * update), batch(2 * update + 1)];
    const next = await updates.update(weights, parts, { updatesBefore: update, learningRate: 1e-2 });
    weights = next.weights;
    const losses = [0, 1].map((part) => value(`${2 * update + part}/loss`).data[0] as number);
    expect(next.loss).toBeCloseTo(((losses[0] ?? 0) + (losses[1] ?? 0)) / 2, 4);
    expect(next.gradientNorm).toBeCloseTo(value('norms').data[update] as number, 4);
  }
  expectNear(await weights.trained.read(), parametersAt('end'), 1e-4);
  await updates.dispose();
});

describe('buckets', () => {
  const targets = [3, 1, 4, 1, 5].map((length) => new Array<number>(length).fill(2));
  const work = (samples: readonly number[]) => ({
    features: { rows: [9, 9, ...samples.map((count) => Math.round(count / 160))] } as never,
    // Where train's utterances stand.
    places: { train: [2, 3, 4, 5, 6], dev: [0], test: [1] },
    hopSamples: 160,
  });

  test('start at every place of the falling lengths, the last ones where the last full one does', () => {
    // By falling length of text: 4 (5), 2 (4), 0 (3), 1 (1), 3 (1).
    expect(buckets(work([16000, 16000, 16000, 16000, 16000]), targets, 3)).toEqual([
      [4, 2, 0],
      [2, 0, 1],
      [0, 1, 3],
      [0, 1, 3],
      [0, 1, 3],
    ]);
  });

  test('are halved where the first utterance is longer than 18.75 s, whatever the others are', () => {
    expect(buckets(work([320000, 320000, 16000, 16000, 16000]), targets, 3)).toEqual([
      [4, 2, 0],
      [2, 0, 1],
      [0],
      [0],
      [0],
    ]);
  });

  test('hold all there is where that is less than a batch', () => {
    expect(buckets(work([1, 1, 1, 1, 1]), targets, 8)).toEqual(new Array(5).fill([4, 2, 0, 1, 3]));
  });
});

test('a head without recurrence learns phones from buckets, two an update, and repeats exactly', async () => {
  const phones = ['AA1', 'B', 'S'];
  const random = randomStream(4, 'phones');
  const utterances: Float32Array[] = [];
  const spelt = (size: number): Columns[] =>
    Array.from({ length: size }, () => {
      const text = Array.from({ length: 2 + random.integer(4) }, () => random.integer(3));
      // Three frames a phone, after one of nothing: a direction of its own in the second layer.
      const frames = 4 * text.length;
      utterances.push(
        Float32Array.from({ length: 2 * frames * 4 }, (_, i) => {
          const [layer, frame, d] = [Math.floor(i / (frames * 4)), Math.floor(i / 4) % frames, i % 4];
          const phone = frame % 4 === 0 ? 3 : text[Math.floor(frame / 4)];
          return 0.3 * random.normal() + (layer === 1 && phone === d ? 2 : 0);
        }),
      );
      return { phones: text.map((phone) => phones[phone]).join(' ') };
    });
  const references = { train: spelt(48), dev: spelt(12), test: spelt(20) };
  const engine = await createEngine('onnx', { threads: 1 });
  const work = workOf(engine, heldFeatures(2, 4, utterances), references, {
    metric: pr.metrics[0],
    score: (predictions, wanted) => pr.evaluate(rowsOf(predictions, wanted)).per?.value ?? 1,
  });
  const settings = {
    ...pr.settings?.superb,
    projectionSize: 16,
    batchSize: 8,
    standardize: false,
    stepSamples: 0,
    maximumUpdates: 240,
    evaluateEvery: 80,
  };
  const train = async () =>
    trainCtcHeads(
      work,
      pr.head({ train: [], dev: [], test: [] }),
      parseSettings(ctcSettingsSchema, settings, 'pr'),
      [1],
    );
  const [[once], [again]] = [await train(), await train()];
  const predicted = columnsOf(once?.predictions ?? []);
  expect(pr.evaluate(rowsOf(predicted, references.test)).per?.value).toBeLessThan(0.05);
  expect(Object.keys(once?.head.parameters ?? {}).sort()).toEqual([...names].sort());
  expect(once).toEqual(again);
});
