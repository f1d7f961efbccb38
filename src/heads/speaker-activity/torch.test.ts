/** @file The diarisation head against PyTorch: logits, the permutation-invariant loss and gradients, compiled and eager. */
import { describe, expect, test } from 'vitest';
import { padded, speakerHeads, tensorOf, tensorsOf } from '../../../test/fixtures/torch/speaker-heads.js';
import { float32, floatsOf, type HostTensor, int32 } from '../../base/host-tensor.js';
import { expectNear, runOn, testEngines } from '../../engine/engines.fixture.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { lossAndGradients } from '../../nn/gradients.js';
import {
  type ActivityBatch,
  activityLogits,
  activityLoss,
  activityStart,
  frameShares,
  ordersOf,
  permutationInvariantLosses,
} from './model.js';

type In = { readonly parameters: Parameters; readonly batch: ActivityBatch };

function learned({ parameters, batch }: In) {
  const { gradients, loss } = lossAndGradients(parameters, (leaves) => ({
    ...activityLoss(leaves, batch),
    auxiliary: {},
  }));
  const logits = activityLogits(parameters, batch.states, batch.lengths);
  const losses = permutationInvariantLosses(logits, batch.labels, batch.lengths);
  return { loss: loss as tf.Tensor, logits, losses, gradients };
}

const batchOf = ({ lengths, states, labels }: (typeof speakerHeads)['diarization']) => {
  const [, , longest = 0] = padded(states, 0).shape;
  const wanted = padded(
    labels.map(({ shape, data }) => ({ shape: [1, ...shape], data })),
    1,
  );
  return {
    states: padded(states, 3),
    lengths: int32([lengths.length], lengths),
    labels: float32([lengths.length, longest, 2], floatsOf(wanted)),
    shares: float32([lengths.length], frameShares(lengths, lengths.length)),
  };
};

describe.each(testEngines)('a diarisation head on %s', (engine) => {
  test.each(['diarization', 'oneFrame'] as const)(
    "gives PyTorch's logits, losses and gradients: %s",
    async (name) => {
      const wanted = speakerHeads[name];
      const batch = batchOf(wanted);
      const outputs = await runOn(engine, learned, { parameters: tensorsOf(wanted.parameters), batch });
      const [, longest = 0, speakers = 0] = outputs.logits.shape;
      for (const [row, { shape, data }] of wanted.logits.entries()) {
        const own = floatsOf(outputs.logits).subarray(row * longest * speakers);
        const logits: HostTensor = float32(shape, own.slice(0, data.length));
        expectNear({ logits }, { logits: tensorOf({ shape, data }) }, 1e-5);
      }
      for (const [row, loss] of wanted.losses.entries())
        expect(outputs.losses.data[row]).toBeCloseTo(loss, 4);
      expect(outputs.loss.data[0]).toBeCloseTo(wanted.loss, 5);
      expectNear(outputs.gradients, tensorsOf(wanted.gradients), 1e-5);
    },
  );
});

test('of two orders that cost the same, one is learnt from', async () => {
  const { parameters } = speakerHeads.diarization;
  const [layers, dim, frames] = [3, 3, 5];
  const states = float32(
    [layers, 1, frames, dim],
    Float32Array.from({ length: 45 }, (_, i) => Math.sin(i)),
  );
  const lengths = int32([1], [frames]);
  const shares = float32([1], frameShares([frames], 1));
  const gradientsFor = async (labels: readonly number[]) => {
    const batch = { states, lengths, labels: float32([1, frames, 2], labels), shares };
    return (await runOn('onnx', learned, { parameters: tensorsOf(parameters), batch })).gradients;
  };
  // Both speakers at once, or neither: the order does not matter. Almost the same labels have almost the same gradient.
  const tied = await gradientsFor([1, 1, 0, 0, 1, 1, 0, 0, 1, 1]);
  const nearly = await gradientsFor([1, 1, 0, 1e-4, 1, 1, 0, 0, 1, 1]);
  expectNear(tied, nearly, 1e-3);
  expect(ordersOf(3)).toHaveLength(6);
});

test('parameters start with the names and shapes of PyTorch', () => {
  const shapes = (all: Readonly<Record<string, { readonly shape: readonly number[] }>>) =>
    Object.fromEntries(Object.entries(all).map(([name, { shape }]) => [name, shape]));
  const start = activityStart(1, { layers: 3, dim: 3, lstmSize: 4, speakers: 2 });
  expect(shapes(start)).toEqual(shapes(speakerHeads.diarization.parameters));
});
