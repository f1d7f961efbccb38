/** @file The ASR head at SUPERB's full size: settings of preset `superb`, the real training, short utterances. */
import { beforeAll, expect, test } from 'vitest';
import { asr } from '../../../tasks/asr/index.js';
import { randomStream } from '../../base/random.js';
import { createEngine } from '../../engine/create.js';
import type { Engine } from '../../engine/engine.js';
import { heldFeatures, rowsOf, workOf } from '../toy-work.fixture.js';
import { ctcPresets, ctcSettingsSchema } from './settings.js';
import { trainCtcHeads } from './training.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 2 });
});

test('trains 43 million parameters for an update, and decodes with them', {
  timeout: 120_000,
}, async () => {
  const [layers, dim, frames] = [13, 768, 24];
  const random = randomStream(1, 'full size');
  const utterances = Array.from({ length: 6 }, () =>
    Float32Array.from({ length: layers * frames * dim }, () => random.normal()),
  );
  const say = (...texts: string[]) => texts.map((text) => ({ text }));
  const references = { train: say('A CAT', 'A DOG', 'THE SUN', 'TEA'), dev: say('CAR'), test: say('TREE') };
  const work = workOf(engine, heldFeatures(layers, dim, utterances), references, {
    metric: asr.metrics[0],
    score: (predictions, wanted) => asr.evaluate(rowsOf(predictions, wanted)).cer?.value ?? 1,
  });
  const settings = ctcSettingsSchema.parse({
    ...ctcPresets.superb,
    batchSize: 2,
    maximumUpdates: 1,
    evaluateEvery: 1,
  });
  const head = asr.head({ train: [], dev: [], test: [] });
  const [result] = await trainCtcHeads(work, head, settings, [1]);
  if (result === undefined) throw new Error('no head was trained');
  const sizes = Object.values(result.head.parameters).map(({ data }) => data.length);
  // Linear 768-1024, BLSTM 1024-1024 and 2048-1024 (four gates, two biases), Linear 2048-32, layer weights.
  const lstm = (width: number): number => 2 * 4 * 1024 * (width + 1024 + 2);
  expect(sizes.reduce((a, b) => a + b, 0)).toBe(769 * 1024 + lstm(1024) + lstm(2048) + 2049 * 32 + 13);
  expect(result.curve).toHaveLength(1);
  // CTC over 32 equally likely tokens gives about ln 32 a frame and more than ln 32 a token.
  const loss = result.curve[0]?.trainLoss as number;
  expect(loss).toBeGreaterThan(Math.log(32));
  expect(loss).toBeLessThan(24 * Math.log(32));
  expect(result.predictions).toHaveLength(1);
});
