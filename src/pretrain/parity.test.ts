/** @file A training step against PyTorch: teacher, losses, gradients and EMA, whatever sizes the fixture has. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { float32, type HostParameters, type HostTensor, scalar } from '../base/host-tensor.js';
import { localFeatures, projectFeatures } from '../encoders/families/ehmam.js';
import type { EhmamConfig } from '../encoders/families/ehmam-config.js';
import { decoderSpecs, encoderSpecs, predictorSpecs } from '../encoders/families/ehmam-parameters.js';
import { readOfficialCheckpoint } from '../encoders/official/weights.js';
import {
  apart,
  entry,
  namesUnder,
  official,
  type Reference,
  readReference,
  referenceFolders,
  relative,
} from '../encoders/reference.fixture.js';
import { createEngine } from '../engine/create.js';
import type { EngineName } from '../engine/engine.js';
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { lossAndGradients } from '../nn/gradients.js';
import { averaged } from './ema.js';
import { maskTensors } from './mask-tensors.js';
import { losses, type MaskTensors, predictLoss, studentPass, teacherPass } from './model.js';

interface Model {
  readonly config: EhmamConfig;
  readonly topBlocks: number;
  readonly student: HostParameters;
  readonly teacher: HostParameters;
}

/** Teacher's outputs, both sums and the gradients of each, for the reference's input and mask and no noise. */
async function stepOn(
  name: EngineName,
  { config, topBlocks, student, teacher }: Model,
  reference: Reference,
) {
  type Inputs = {
    student: Parameters;
    teacher: Parameters;
    waveform: tf.Tensor;
    masks: MaskTensors;
    noise: tf.Tensor;
  };
  const step = (inputs: Inputs) => {
    const local = localFeatures(config, inputs.student, inputs.waveform);
    const projected = projectFeatures(inputs.student, local);
    const taught = teacherPass(config, inputs.teacher, projected, { topBlocks });
    const predictedLoss = predictLoss(config, inputs.teacher, taught.targets);
    const run = (which: 'reconstructionSum' | 'rankingSum') => {
      const { loss, gradients } = lossAndGradients(inputs.student, (parameters) => {
        const features = localFeatures(config, parameters, inputs.waveform);
        const { masks, noise } = inputs;
        const output = studentPass(config, parameters, { features, masks, noise });
        return { loss: losses(output, taught.targets, masks.mask)[which], auxiliary: {} };
      });
      return { sum: loss as tf.Tensor, gradients };
    };
    return { ...taught, predictedLoss, reconstruction: run('reconstructionSum'), ranking: run('rankingSum') };
  };
  const mask = entry(reference, 'train.mask');
  const [batch, frames] = mask.shape as [number, number];
  const rows = Array.from({ length: batch }, (_, b) =>
    Uint8Array.from(mask.data.slice(b * frames, (b + 1) * frames)),
  );
  const specs = { ...encoderSpecs(config), ...decoderSpecs(config), ...predictorSpecs(config) };
  const program = (await createEngine(name, { threads: 1 })).compile(step, {
    name: 'official training step',
  });
  const outputs = await program.run({
    student: Object.fromEntries(Object.keys(specs).map((key) => [key, student[key] as HostTensor])),
    teacher,
    waveform: entry(reference, 'train.input'),
    masks: maskTensors(rows),
    noise: float32([batch, frames, config.width]),
  });
  await program.dispose();
  return outputs;
}

describe.each(referenceFolders)('a training step of the model of %s', async (folder) => {
  const { teacher, ...rest } = await readOfficialCheckpoint(join(folder, 'tiny.pt'));
  if (teacher === undefined) throw new Error('the checkpoint has no teacher');
  const model: Model = { ...rest, teacher };
  const reference = await readReference(folder);

  describe.each(['onnx', 'wasm'] as const)('on the engine %s', (name) => {
    let outputs: Awaited<ReturnType<typeof stepOn>>;
    beforeAll(async () => {
      outputs = await stepOn(name, model, reference);
    });

    it("has the teacher's targets and predicted loss", () => {
      expect(apart(outputs.targets, entry(reference, 'train.teacher_targets'))).toBeLessThan(1e-4);
      expect(apart(outputs.predictedLoss, entry(reference, 'train.teacher_predicted_loss'))).toBeLessThan(
        1e-4,
      );
    });

    it.each(['reconstruction', 'ranking'] as const)('has the sum of the %s loss', (kind) => {
      expect(relative(outputs[kind].sum, entry(reference, `train.${kind}_loss_sum`))).toBeLessThan(1e-4);
    });

    it.each(['reconstruction', 'ranking'] as const)('has every gradient of the %s loss', (kind) => {
      const gradients: Readonly<Record<string, HostTensor>> = outputs[kind].gradients;
      const names = namesUnder(reference, `grad.${kind}.`);
      expect(names.length).toBeGreaterThan(0);
      for (const key of names) {
        const expected = entry(reference, `grad.${kind}.${key}`);
        expect(relative(gradients[key], expected), key).toBeLessThan(1e-3);
      }
    });
  });

  const moved = namesUnder(reference, 'ema.before.');
  if (moved.length > 0) {
    it("moves the teacher as the reference's update does", async () => {
      const pick = (from: (name: string) => HostTensor): HostParameters =>
        Object.fromEntries(moved.map((key) => [key, from(key)]));
      const program = (await createEngine('onnx', { threads: 1 })).compile(
        (inputs: { teacher: Parameters; student: Parameters; decay: tf.Tensor }) =>
          averaged(inputs.teacher, inputs.student, inputs.decay),
        { name: 'teacher update' },
      );
      const after = await program.run({
        teacher: pick((key) => entry(reference, `ema.before.${key}`)),
        student: pick((key) => model.student[key] as HostTensor),
        decay: scalar(entry(reference, 'ema.decay').data[0] as number),
      });
      await program.dispose();
      for (const key of moved) {
        expect(apart(after[key], entry(reference, `ema.after.${key}`)), key).toBeLessThan(1e-6);
        expect(apart(after[key], entry(reference, `ema.before.${key}`)), key).toBeGreaterThan(1e-6);
      }
    });
  }
});

it("the released code's own fixture has a teacher's update to compare with", async () => {
  expect(namesUnder(await readReference(official), 'ema.after.').length).toBeGreaterThan(0);
});
