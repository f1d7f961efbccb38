/** @file CTC on 500 random cases: repeated tokens, empty targets, targets that do not fit; all as PyTorch has it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { float32, floatsOf, int32 } from '../base/host-tensor.js';
import { runOn } from '../engine/engines.fixture.js';
import * as tf from '../engine/ops.js';
import { ctcLoss } from './ctc.js';

interface Batch {
  readonly shape: readonly [batch: number, frames: number, vocabulary: number, longest: number];
  readonly logits: readonly number[];
  readonly targets: readonly number[];
  readonly targetLengths: readonly number[];
  readonly logitLengths: readonly number[];
  readonly losses: readonly number[];
  readonly gradients: readonly number[];
}

const file = new URL('../../test/fixtures/torch/ctc_cases.json', import.meta.url);
const { batches } = JSON.parse(readFileSync(file, 'utf8')) as { batches: readonly Batch[] };

type In = {
  readonly logits: tf.Tensor3D;
  readonly targets: tf.Tensor2D;
  readonly logitLengths: tf.Tensor1D;
  readonly targetLengths: tf.Tensor1D;
};

function lossesAndGradients({ logits, targets, logitLengths, targetLengths }: In): {
  losses: tf.Tensor;
  gradients: tf.Tensor;
} {
  const losses = (x: tf.Tensor): tf.Tensor1D =>
    ctcLoss(x as tf.Tensor3D, targets, logitLengths, targetLengths);
  return { losses: losses(logits), gradients: tf.grad((x) => tf.sum(losses(x)))(logits) };
}

const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] as number))), 0);

test.each(['onnx', 'cpu'] as const)(
  "500 random cases on %s have PyTorch's losses and gradients",
  async (engine) => {
    let [cases, impossible] = [0, 0];
    for (const { shape, ...batch } of batches) {
      const [size, frames, vocabulary, longest] = shape;
      const { losses, gradients } = await runOn(engine, lossesAndGradients, {
        logits: float32(
          [size, frames, vocabulary],
          Float32Array.from(batch.logits, (value) => value / 1000),
        ),
        targets: int32([size, longest], batch.targets),
        logitLengths: int32([size], batch.logitLengths),
        targetLengths: int32([size], batch.targetLengths),
      });
      expect(largestGap(floatsOf(losses), batch.losses)).toBeLessThan(1e-4);
      expect(
        largestGap(
          floatsOf(gradients),
          batch.gradients.map((value) => value / 1e6),
        ),
      ).toBeLessThan(1e-4);
      cases += size;
      impossible += batch.losses.filter((loss) => loss === 0).length;
    }
    expect(cases).toBe(500);
    expect(impossible).toBeGreaterThan(50);
  },
);
