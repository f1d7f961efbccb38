/** @file Index tensors of masks: what they pick, and that rows which fill up the shape change nothing. */
import type * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decoderSpecs, encoderSpecs, predictorSpecs, startParameters } from '../encoders/ehmamParameters.js';
import { distance, expectNear, normals, runOn } from '../engine/engines.fixture.js';
import type { Parameters } from '../engine/tree.js';
import { lossAndGradients } from '../nn/gradients.js';
import { randomStream } from '../random.js';
import { maskTensors } from './maskTensors.js';
import { losses, type MaskTensors, studentPass } from './model.js';
import { melConfig } from './training.fixture.js';

/** Masks of one batch: every row as many ones, at random places. */
const masks = fc
  .record({ batch: fc.integer({ min: 1, max: 4 }), frames: fc.integer({ min: 2, max: 30 }), seed: fc.nat() })
  .chain(({ batch, frames, seed }) =>
    fc.integer({ min: 1, max: frames - 1 }).map((masked) =>
      Array.from({ length: batch }, (_, row) => {
        const hidden = randomStream(seed, 'row', row)
          .shuffle([...Array(frames).keys()])
          .slice(0, masked);
        const mask = new Uint8Array(frames);
        for (const t of hidden) mask[t] = 1;
        return mask;
      }),
    ),
  );

describe('mask tensors', () => {
  it('pick the visible frames in their order, with their indices, and know the way back', () => {
    fc.assert(
      fc.property(masks, fc.integer({ min: 1, max: 9 }), (batch, step) => {
        const { keptRows, restoredRows, keptPositions, keptPadding } = maskTensors(batch, step);
        const [rows, kept] = keptPadding.shape as [number, number];
        const frames = batch[0]?.length ?? 0;
        expect(rows).toBe(batch.length);
        batch.forEach((mask, b) => {
          const visible = [...mask.keys()].filter((t) => mask[t] === 0);
          const real = [...Array(kept).keys()].filter((k) => keptPadding.data[b * kept + k] === 0);
          expect(real).toEqual([...Array(visible.length).keys()]);
          expect(real.map((k) => keptRows.data[b * kept + k])).toEqual(visible.map((t) => b * frames + t));
          expect(real.map((k) => keptPositions.data[b * kept + k])).toEqual(visible);
          for (const [k, t] of visible.entries())
            expect(restoredRows.data[b * frames + t]).toBe(b * kept + k);
        });
      }),
    );
  });

  it('have a length that is a multiple of the step, or that of all frames', () => {
    fc.assert(
      fc.property(masks, (batch) => {
        const kept = maskTensors(batch).keptPadding.shape[1] as number;
        expect(kept % 8 === 0 || kept === batch[0]?.length).toBe(true);
      }),
    );
  });
});

it('rows that fill up the shape change neither losses nor gradients', async () => {
  const config = melConfig.encoder;
  const student = startParameters(
    { ...encoderSpecs(config), ...decoderSpecs(config), ...predictorSpecs(config) },
    1,
  );
  const [batch, frames] = [2, 19];
  const rows = [
    [0, 1, 5, 6, 7, 14],
    [3, 4, 9, 10, 17, 18],
  ].map((hidden) => Uint8Array.from({ length: frames }, (_, t) => Number(hidden.includes(t))));
  type Inputs = {
    student: Parameters;
    features: tf.Tensor;
    targets: tf.Tensor;
    noise: tf.Tensor;
    masks: MaskTensors;
  };
  const run = (step: number) =>
    runOn(
      'onnx',
      (inputs: Inputs) => {
        const { loss, gradients, auxiliary } = lossAndGradients(inputs.student, (parameters) => {
          const output = studentPass(
            config,
            parameters,
            inputs.features,
            inputs.masks,
            inputs.noise,
            undefined,
            undefined,
          );
          const { reconstructionSum, rankingSum } = losses(output, inputs.targets, inputs.masks.mask);
          return { loss: reconstructionSum.add(rankingSum), auxiliary: { reconstructionSum, rankingSum } };
        });
        return { loss: loss as tf.Tensor, gradients, ...auxiliary };
      },
      {
        student,
        features: normals([batch, frames, 16], 'features'),
        targets: normals([batch, frames, config.width], 'targets'),
        noise: normals([batch, frames, config.width], 'noise', 0.01),
        masks: maskTensors(rows, step),
      },
    );
  expect(maskTensors(rows, 8).keptPadding.shape).toEqual([2, 16]);
  const [exact, filled] = [await run(1), await run(8)];
  for (const name of ['loss', 'reconstructionSum', 'rankingSum'] as const)
    expect(distance(filled[name], exact[name])).toBeLessThan(1e-6);
  expectNear(filled.gradients, exact.gradients, 1e-5);
  expect(Object.values(exact.gradients).every(({ data }) => data.every(Number.isFinite))).toBe(true);
});
