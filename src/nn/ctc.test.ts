/** @file CTC against PyTorch, against itself by finite differences, and compiled against eager. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { torchCase } from '../../test/fixtures/torch/recurrent.js';
import { float32, floatsOf, type HostTensor, int32 } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import { engineUnderTest, type TestEngine } from '../engine/engines.fixture.js';
import * as tf from '../engine/ops.js';
import type { ToHost } from '../engine/tree.js';
import { ctcLoss } from './ctc.js';

type In = {
  logits: tf.Tensor;
  targets: tf.Tensor;
  logitLengths: tf.Tensor;
  targetLengths: tf.Tensor;
  weights: tf.Tensor;
};

const lossOf = (inputs: In, logits: tf.Tensor): tf.Tensor =>
  ctcLoss(
    logits as tf.Tensor3D,
    inputs.targets as tf.Tensor2D,
    inputs.logitLengths as tf.Tensor1D,
    inputs.targetLengths as tf.Tensor1D,
  );

function lossAndGradient(inputs: In): { loss: tf.Tensor; gradient: tf.Tensor } {
  const weighted = (logits: tf.Tensor): tf.Scalar => tf.sum(tf.mul(lossOf(inputs, logits), inputs.weights));
  return { loss: lossOf(inputs, inputs.logits), gradient: tf.grad(weighted)(inputs.logits) };
}

async function run(
  engine: TestEngine,
  inputs: ToHost<In>,
): Promise<{ loss: Float32Array; gradient: Float32Array }> {
  const program = (await engineUnderTest(engine)).compile(lossAndGradient, { name: 'ctc' });
  const { loss, gradient } = await program.run(inputs);
  await program.dispose();
  return { loss: floatsOf(loss), gradient: floatsOf(gradient) };
}

const torch = torchCase('ctc');
const fixture: ToHost<In> = {
  logits: torch.floats('inputs', 'logits'),
  targets: torch.integers('inputs', 'targets'),
  logitLengths: torch.integers('inputs', 'logitLengths'),
  targetLengths: torch.integers('inputs', 'targetLengths'),
  weights: torch.floats('inputs', 'weights'),
};

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((largest, x, i) => Math.max(largest, Math.abs(x - (b[i] as number))), 0);
}

describe.each(['cpu', 'onnx', 'device'] as const)('CTC on %s', (engine) => {
  test("gives PyTorch's losses and gradients, zero where the target does not fit", async () => {
    const { loss, gradient } = await run(engine, fixture);
    expect(largestDifference(loss, floatsOf(torch.floats('outputs', 'loss')))).toBeLessThan(1e-5);
    expect(largestDifference(gradient, floatsOf(torch.floats('gradients', 'logits')))).toBeLessThan(1e-5);
    expect(loss[2]).toBe(0);
  });

  test('stays exact over a hundred frames of confident logits', async () => {
    const inputs = randomInputs(3, { batch: 2, frames: 120, tokens: 8, targetLength: 30, scale: 15 });
    const { loss, gradient } = await run(engine, inputs);
    for (const value of loss) expect(value).toBeGreaterThan(0);
    for (const value of gradient) expect(Number.isFinite(value)).toBe(true);
    // Every frame's gradient is a difference of two distributions: it sums to zero, up to the rounding of
    // log-probabilities of some thousands.
    const sums = tf.tidy(
      () =>
        tf
          .sum(tf.tensor3d(gradient, [2, 120, 8]), -1)
          .abs()
          .max()
          .dataSync()[0],
    );
    expect(sums).toBeLessThan(1e-2);
  });
});

test('CTC compiled equals CTC eager on random batches', async () => {
  const inputs = randomInputs(11, { batch: 4, frames: 25, tokens: 7, targetLength: 9, scale: 2 });
  const [eager, compiled] = [await run('cpu', inputs), await run('onnx', inputs)];
  expect(largestDifference(eager.loss, compiled.loss)).toBeLessThan(1e-4);
  expect(largestDifference(eager.gradient, compiled.gradient)).toBeLessThan(1e-5);
});

test('the gradient of CTC equals finite differences', async () => {
  const inputs = randomInputs(5, { batch: 2, frames: 5, tokens: 4, targetLength: 2, scale: 1 });
  const { gradient } = await run('cpu', inputs);
  const logits = floatsOf(inputs.logits);
  const weights = floatsOf(inputs.weights);
  const total = async (index: number, change: number): Promise<number> => {
    const moved = float32(
      inputs.logits.shape,
      logits.map((x, i) => (i === index ? x + change : x)),
    );
    const { loss } = await run('cpu', { ...inputs, logits: moved });
    return loss.reduce((sum, value, b) => sum + value * (weights[b] as number), 0);
  };
  const step = 1e-2;
  for (let index = 0; index < logits.length; index += 3) {
    const slope = ((await total(index, step)) - (await total(index, -step))) / (2 * step);
    expect(Math.abs(slope - (gradient[index] as number))).toBeLessThan(1e-3);
  }
});

test('the probabilities of all targets of a short utterance sum to one', () => {
  // Two frames, tokens {blank, 1, 2}: the possible outputs are '', '1', '2', '12', '21'.
  fc.assert(
    fc.property(
      fc.array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: 6, maxLength: 6 }),
      (values) => {
        const targets = [
          [0, 0],
          [1, 0],
          [2, 0],
          [1, 2],
          [2, 1],
        ];
        const sum = tf.tidy(() => {
          const logits = tf.tile(tf.tensor3d(values, [1, 2, 3]), [5, 1, 1]);
          const loss = ctcLoss(
            logits,
            tf.tensor2d(targets, [5, 2], 'int32'),
            tf.fill([5], 2, 'int32') as tf.Tensor1D,
            tf.tensor1d([0, 1, 1, 2, 2], 'int32'),
          );
          return tf.sum(tf.exp(tf.neg(loss))).dataSync()[0] as number;
        });
        expect(sum).toBeCloseTo(1, 4);
      },
    ),
    { numRuns: 20 },
  );
});

function randomInputs(
  seed: number,
  sizes: { batch: number; frames: number; tokens: number; targetLength: number; scale: number },
): ToHost<In> {
  const { batch, frames, tokens, targetLength, scale } = sizes;
  const random = randomStream(seed, 'ctc test');
  const draw = (shape: number[], next: () => number): HostTensor =>
    float32(shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next));
  const lengths = Array.from({ length: batch }, (_, b) => frames - b);
  return {
    logits: draw([batch, frames, tokens], () => scale * random.normal()),
    targets: int32(
      [batch, targetLength],
      Array.from({ length: batch * targetLength }, () => 1 + random.integer(tokens - 1)),
    ),
    logitLengths: int32([batch], lengths),
    targetLengths: int32(
      [batch],
      Array.from({ length: batch }, (_, b) => Math.max(1, targetLength - b)),
    ),
    weights: draw([batch], () => random.uniform()),
  };
}
