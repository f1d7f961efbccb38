/** @file What must not change the student's losses and gradients: the order of the rows, rows that fill up a shape. */

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostTensor } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import {
  decoderSpecs,
  encoderSpecs,
  predictorSpecs,
  startParameters,
} from '../encoders/families/ehmam-parameters.js';
import type { Program } from '../engine/engine.js';
import { distance, engineUnderTest, expectNear, normals } from '../engine/engines.fixture.js';
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { lossAndGradients } from '../nn/gradients.js';
import { maskTensors } from './mask-tensors.js';
import { losses, type MaskTensors, studentPass } from './model.js';
import { melConfig } from './training.fixture.js';

type Inputs = {
  readonly student: Parameters;
  readonly features: tf.Tensor;
  readonly targets: tf.Tensor;
  readonly noise: tf.Tensor;
  readonly masks: MaskTensors;
};
type Outputs = {
  readonly reconstruction: tf.Tensor;
  readonly ranking: tf.Tensor;
  readonly gradients: Parameters;
};

const config = melConfig.encoder;
const [batch, frames, channels] = [3, 19, 16];
const student = startParameters(
  { ...encoderSpecs(config), ...decoderSpecs(config), ...predictorSpecs(config) },
  1,
);
const tensors = {
  features: normals([batch, frames, channels], 'features'),
  targets: normals([batch, frames, config.width], 'targets'),
  noise: normals([batch, frames, config.width], 'noise', 0.01),
};

let program: Program<Inputs, Outputs>;
beforeAll(async () => {
  const engine = await engineUnderTest('onnx');
  program = engine.compile(
    (inputs: Inputs): Outputs => {
      const { masks, noise, targets, features } = inputs;
      const { gradients, auxiliary } = lossAndGradients(inputs.student, (parameters) => {
        const output = studentPass(config, parameters, { features, masks, noise });
        const { reconstructionSum, rankingSum } = losses(output, targets, masks.mask);
        return { loss: reconstructionSum.add(rankingSum), auxiliary: { reconstructionSum, rankingSum } };
      });
      return { reconstruction: auxiliary.reconstructionSum, ranking: auxiliary.rankingSum, gradients };
    },
    { name: 'student losses' },
  );
});
afterAll(() => program.dispose());

/** Masks that hide `masked` frames of every row at random places. */
const masksOf = (seed: number, masked: number): Uint8Array[] =>
  Array.from({ length: batch }, (_, row) => {
    const mask = new Uint8Array(frames);
    const places = randomStream(seed, 'places', row).shuffle([...mask.keys()]);
    for (const t of places.slice(0, masked)) mask[t] = 1;
    return mask;
  });

/** The rows of axis 0 in another order. */
function reordered(tensor: HostTensor, order: readonly number[]): HostTensor {
  const values = floatsOf(tensor);
  const size = values.length / order.length;
  const rows = order.map((row) => Array.from(values.subarray(row * size, (row + 1) * size)));
  return float32(tensor.shape, rows.flat());
}

const given = fc.record({ seed: fc.nat(), masked: fc.integer({ min: 1, max: frames - 1 }) });

describe("the student's losses and gradients", () => {
  it('do not depend on the order of the rows', async () => {
    const orders = fc.shuffledSubarray([0, 1, 2], { minLength: 3 });
    await fc.assert(
      fc.asyncProperty(given, orders, async ({ seed, masked }, order) => {
        const masks = masksOf(seed, masked);
        const plain = await program.run({ student, ...tensors, masks: maskTensors(masks) });
        const moved = await program.run({
          student,
          features: reordered(tensors.features, order),
          targets: reordered(tensors.targets, order),
          noise: reordered(tensors.noise, order),
          masks: maskTensors(order.map((row) => masks[row] as Uint8Array)),
        });
        expect(distance(moved.reconstruction, plain.reconstruction)).toBeLessThan(1e-5);
        expect(distance(moved.ranking, plain.ranking)).toBeLessThan(1e-5);
        expectNear(moved.gradients, plain.gradients, 1e-4);
      }),
      { numRuns: 25 },
    );
  });

  it('do not depend on rows that fill up the kept frames to a larger size', async () => {
    const steps = fc.constantFrom(4, 8, frames);
    await fc.assert(
      fc.asyncProperty(given, steps, async ({ seed, masked }, step) => {
        const masks = masksOf(seed, masked);
        const exact = await program.run({ student, ...tensors, masks: maskTensors(masks, 1) });
        const filled = await program.run({ student, ...tensors, masks: maskTensors(masks, step) });
        expect(distance(filled.reconstruction, exact.reconstruction)).toBeLessThan(1e-5);
        expect(distance(filled.ranking, exact.ranking)).toBeLessThan(1e-5);
        expectNear(filled.gradients, exact.gradients, 1e-4);
        for (const { data } of Object.values(exact.gradients)) expect(data.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });
});
