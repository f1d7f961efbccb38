/** @file The x-vector head against PyTorch: embeddings, AM-softmax and gradients, compiled and eager. */
import { describe, expect, test } from 'vitest';
import { padded, speakerHeads, tensorOf, tensorsOf } from '../../../test/fixtures/torch/speaker-heads.js';
import { float32, int32 } from '../../base/host-tensor.js';
import { distance, expectNear, runOn, testEngines } from '../../engine/engines.fixture.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { lossAndGradients } from '../../nn/gradients.js';
import { fewestFrames, type XVectorBatch, xVectorLoss, xVectorStart, xVectors } from './model.js';

const { lengths, labels, states, parameters, embeddings, loss, gradients } = speakerHeads.xVector;
const classes = 3;
const targets = float32(
  [labels.length, classes],
  labels.flatMap((label) => Array.from({ length: classes }, (_, i) => (i === label ? 1 : 0))),
);

type In = { readonly parameters: Parameters; readonly batch: XVectorBatch };

function learned({ parameters: given, batch }: In) {
  const lossOf = xVectorLoss({ scale: 30, margin: 0.4 });
  const { gradients: learnt, loss: value } = lossAndGradients(given, (leaves) => ({
    ...lossOf(leaves, batch),
    auxiliary: {},
  }));
  return {
    loss: value as tf.Tensor,
    embeddings: xVectors(given, batch.states, batch.lengths),
    gradients: learnt,
  };
}

describe.each(testEngines)('an x-vector head on %s', (engine) => {
  test("gives PyTorch's embeddings, loss and gradients, whatever stands behind the end of an utterance", async () => {
    for (const filler of [0, 3]) {
      const outputs = await runOn(engine, learned, {
        parameters: tensorsOf(parameters),
        batch: { states: padded(states, filler), lengths: int32([lengths.length], lengths), targets },
      });
      expect(distance(outputs.embeddings, tensorOf(embeddings))).toBeLessThan(1e-5);
      expect(outputs.loss.data[0]).toBeCloseTo(loss, 4);
      expectNear(outputs.gradients, tensorsOf(gradients), 1e-4);
    }
  });
});

test('an utterance alone needs no lengths', async () => {
  for (const [i, one] of states.entries()) {
    const { alone } = await runOn(
      'onnx',
      ({ given, own }: { readonly given: Parameters; readonly own: tf.Tensor }) => ({
        alone: xVectors(given, own),
      }),
      { given: tensorsOf(parameters), own: padded([one], 0) },
    );
    const width = embeddings.shape[1] ?? 0;
    const wanted = float32([1, width], embeddings.data.slice(i * width, (i + 1) * width));
    expect(distance(alone, wanted)).toBeLessThan(1e-5);
  }
});

test('a unit that is silent in every frame has a gradient: none', async () => {
  const given = tensorsOf(parameters);
  const bias = given['tdnn.4.bias'];
  if (bias === undefined) throw new Error('no bias');
  const dead = { ...given, 'tdnn.4.bias': float32(bias.shape, [-1e3, ...Array.from(bias.data).slice(1)]) };
  const { gradients: learnt } = await runOn('onnx', learned, {
    parameters: dead,
    batch: { states: padded(states, 0), lengths: int32([lengths.length], lengths), targets },
  });
  for (const [name, { data }] of Object.entries(learnt))
    expect(Array.from(data).every(Number.isFinite), name).toBe(true);
});

test('parameters start with the names and shapes of PyTorch, Xavier normal for the speakers', () => {
  const start = xVectorStart(1, { layers: 2, dim: 3, width: 4, pooledWidth: 5, classes });
  const shapes = (all: Readonly<Record<string, { readonly shape: readonly number[] }>>) =>
    Object.fromEntries(Object.entries(all).map(([name, { shape }]) => [name, shape]));
  expect(shapes(start)).toEqual(shapes(parameters));
  const many = xVectorStart(1, { layers: 1, dim: 2, width: 200, pooledWidth: 3, classes: 300 });
  const { data } = many['speakers.weight'] ?? { data: [] };
  const deviation = Math.sqrt(Array.from(data).reduce((sum, x) => sum + x * x, 0) / data.length);
  expect(deviation).toBeCloseTo(Math.sqrt(2 / 500), 3);
  expect(fewestFrames).toBe(16);
});
