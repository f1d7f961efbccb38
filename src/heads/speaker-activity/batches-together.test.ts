/** @file Batches of an update that run as one learn as batches one after the other do. */
import { expect, test } from 'vitest';
import { float32, floatsOf, int32 } from '../../base/host-tensor.js';
import { expectNear, normals, runOn } from '../../engine/engines.fixture.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { lossAndGradients } from '../../nn/gradients.js';
import { type ActivityBatch, activityLoss, activityStart, frameShares } from './model.js';
import { batchesTogether } from './training.js';

type In = { readonly parameters: Parameters; readonly batch: ActivityBatch };

function learned({ parameters, batch }: In) {
  const { gradients, loss } = lossAndGradients(parameters, (leaves) => ({
    ...activityLoss(leaves, batch),
    auxiliary: {},
  }));
  return { loss: loss as tf.Tensor, gradients };
}

const sizes = { layers: 2, dim: 3, lstmSize: 4, speakers: 2 };
const [frames, lengths] = [7, [7, 3, 5, 1]];

/** Some rows of four pieces, as batches of two. */
function batchOf(first: number, rows: number) {
  const states = floatsOf(normals([sizes.layers, 4, frames, sizes.dim], 'states'));
  const layer = states.length / sizes.layers;
  const piece = layer / 4;
  const own = [0, layer].flatMap((start) => [
    ...states.subarray(start + first * piece, start + (first + rows) * piece),
  ]);
  const labels = floatsOf(normals([4, frames, 2], 'labels')).map((value) => (value > 0 ? 1 : 0));
  const ownLengths = lengths.slice(first, first + rows);
  return {
    states: float32([sizes.layers, rows, frames, sizes.dim], own),
    lengths: int32([rows], ownLengths),
    labels: float32([rows, frames, 2], labels.subarray(first * frames * 2, (first + rows) * frames * 2)),
    shares: float32([rows], frameShares(ownLengths, 2)),
  };
}

test('the loss and gradients of two batches as one are the means of theirs', async () => {
  const parameters = activityStart(1, sizes);
  const [both, one, other] = await Promise.all(
    [batchOf(0, 4), batchOf(0, 2), batchOf(2, 2)].map((batch) =>
      runOn('onnx', learned, { parameters, batch }),
    ),
  );
  const meanOf = (a: ArrayLike<number>, b: ArrayLike<number>): number[] =>
    Array.from(a, (value, i) => (value + (b[i] as number)) / 2);
  if (both === undefined || one === undefined || other === undefined)
    throw new Error('three passes are needed');
  expect(both.loss.data[0]).toBeCloseTo(meanOf(floatsOf(one.loss), floatsOf(other.loss))[0] as number, 6);
  const means = Object.entries(one.gradients).map(([name, { shape, data }]) => {
    const second = other.gradients[name];
    if (second === undefined) throw new Error(`no gradient of ${name}`);
    return [name, float32(shape, meanOf(data as Float32Array, floatsOf(second)))] as const;
  });
  expectNear(both.gradients, Object.fromEntries(means), 1e-6);
});

test.each([
  { batchSize: 8, accumulation: 4, together: 2 },
  { batchSize: 4, accumulation: 6, together: 3 },
  { batchSize: 8, accumulation: 1, together: 1 },
  { batchSize: 32, accumulation: 4, together: 1 },
])('of $accumulation batches of $batchSize, $together run as one', ({ together, ...settings }) => {
  expect(batchesTogether(settings)).toBe(together);
});
