/** @file A training step against PyTorch: teacher, losses and gradients, whatever sizes the fixture has. */
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { localFeatures, projectFeatures } from '../encoders/ehmam.js';
import { decoderSpecs, encoderSpecs, predictorSpecs } from '../encoders/ehmamParameters.js';
import { readSafetensors } from '../encoders/safetensors.js';
import { readOfficialCheckpoint } from '../encoders/torch/official.js';
import { createEngine } from '../engine/create.js';
import { float32, floatsOf, type HostTensor, type Parameters } from '../engine/tree.js';
import { lossAndGradients } from '../nn/gradients.js';
import { maskTensors } from './maskTensors.js';
import { losses, type MaskTensors, studentPass, teacherPass } from './model.js';

const own = ['test/fixtures/ehmam-official', 'test/fixtures/ehmam-12-heads'];
const { EHMAM_FIXTURE } = process.env;
const folders = EHMAM_FIXTURE === undefined ? own : [EHMAM_FIXTURE];

/** Largest difference, relative to the largest value where that is above 1. */
const distance = (a: HostTensor, b: HostTensor | undefined): number => {
  if (b === undefined) throw new Error('the reference lacks a tensor');
  const [x, y] = [floatsOf(a), floatsOf(b)];
  expect(x.length).toBe(y.length);
  const scale = y.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - (y[i] as number))), 0) / scale;
};

describe.each(folders)('a training step of the model of %s', async (folder) => {
  const { config, topBlocks, student, teacher } = await readOfficialCheckpoint(join(folder, 'tiny.pt'));
  if (teacher === undefined) throw new Error('the checkpoint has no teacher');
  const { tensors: reference } = await readSafetensors(join(folder, 'reference.safetensors'));
  const waveform = reference['train.input'] as HostTensor;
  const maskValues = (reference['train.mask'] as HostTensor).data;
  const [batch, frames] = (reference['train.mask'] as HostTensor).shape as [number, number];
  const masks = Array.from({ length: batch }, (_, b) =>
    Uint8Array.from(maskValues.slice(b * frames, (b + 1) * frames)),
  );

  it.each(['onnx', 'wasm'] as const)(
    'has the teacher, losses and gradients of the reference on %s',
    async (name) => {
      const engine = await createEngine(name);
      type Inputs = {
        student: Parameters;
        teacher: Parameters;
        waveform: tf.Tensor;
        masks: MaskTensors;
        noise: tf.Tensor;
      };
      const step = engine.compile(
        (inputs: Inputs) => {
          const local = localFeatures(config, inputs.student, inputs.waveform);
          const taught = teacherPass(
            config,
            inputs.teacher,
            projectFeatures(inputs.student, local),
            topBlocks,
          );
          const run = (which: 'reconstructionSum' | 'rankingSum') =>
            lossAndGradients(inputs.student, (parameters) => {
              const features = localFeatures(config, parameters, inputs.waveform);
              const output = studentPass(
                config,
                parameters,
                features,
                inputs.masks,
                inputs.noise,
                undefined,
                undefined,
              );
              return { loss: losses(output, taught.targets, inputs.masks.mask)[which], auxiliary: {} };
            });
          const [reconstruction, ranking] = [run('reconstructionSum'), run('rankingSum')];
          return {
            targets: taught.targets,
            predictedLoss: taught.predictedLoss,
            reconstruction: reconstruction.loss as tf.Tensor,
            ranking: ranking.loss as tf.Tensor,
            reconstructionGradients: reconstruction.gradients,
            rankingGradients: ranking.gradients,
          };
        },
        { name: 'official training step' },
      );
      const specs = { ...encoderSpecs(config), ...decoderSpecs(config), ...predictorSpecs(config) };
      const trained = Object.fromEntries(Object.keys(specs).map((key) => [key, student[key] as HostTensor]));
      const outputs = await step.run({
        student: trained,
        teacher,
        waveform,
        masks: maskTensors(masks),
        noise: float32([batch, frames, config.width]),
      });
      expect(distance(outputs.targets, reference['train.teacher_targets'])).toBeLessThan(1e-4);
      expect(distance(outputs.predictedLoss, reference['train.teacher_predicted_loss'])).toBeLessThan(1e-4);
      expect(distance(outputs.reconstruction, reference['train.reconstruction_loss_sum'])).toBeLessThan(1e-4);
      expect(distance(outputs.ranking, reference['train.ranking_loss_sum'])).toBeLessThan(1e-4);
      for (const kind of ['reconstruction', 'ranking'] as const) {
        const gradients = outputs[`${kind}Gradients`] as Record<string, HostTensor>;
        const expected = Object.keys(reference).filter((key) => key.startsWith(`grad.${kind}.`));
        expect(expected.length).toBeGreaterThan(0);
        for (const key of expected) {
          const gradient = gradients[key.slice(`grad.${kind}.`.length)] as HostTensor;
          expect(distance(gradient, reference[key]), key).toBeLessThan(1e-3);
        }
      }
    },
  );
});
