/** @file Adam, AdamW and clipping against PyTorch, on every engine. */

import { describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostParameters, scalar } from '../base/host-tensor.js';
import {
  distance,
  engineUnderTest,
  expectNear,
  normals,
  runOn,
  testEngines,
} from '../engine/engines.fixture.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { type AdamSettings, type AdamState, adamDefaults, adamStart, adamStep, clipScale } from './adam.js';
import { leaf, torchLayer } from './torch-layers.fixture.js';

interface TorchSettings {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  readonly clip: number;
}

type In = {
  parameters: Parameters;
  gradients: Parameters;
  state: AdamState<Parameters>;
  step: tf.Tensor;
  learningRate: tf.Tensor;
};

describe.each(testEngines)("PyTorch's parameters, moments and norms on %s", (name) => {
  it.each([
    ['adam', false],
    ['adamw', true],
  ])('after every update of %s', async (kind, decoupled) => {
    const torch = torchLayer(kind);
    const { lr, betas, eps, weight_decay, clip } = torch.settings as unknown as TorchSettings;
    const settings = { beta1: betas[0], beta2: betas[1], epsilon: eps, weightDecay: weight_decay, decoupled };
    const program = (await engineUnderTest(name)).compile(
      ({ parameters, gradients, state, step, learningRate }: In) => {
        const { norm, scale } = clipScale(gradients, clip);
        const update = { step, learningRate, gradientScale: scale };
        return { norm, ...adamStep(parameters, gradients, state, update, settings) };
      },
      { name: kind },
    );
    let parameters: HostParameters = torch.parameters;
    let state = adamStart(parameters);
    for (const step of [1, 2, 3]) {
      const at = (group: HostParameters, prefix: string, suffix: string): HostParameters => ({
        w: leaf(group, `${prefix}w${suffix}`),
        b: leaf(group, `${prefix}b${suffix}`),
      });
      const gradients = at(torch.inputs, `gradient.${step}.`, '');
      const outputs = await program.run({
        parameters,
        gradients,
        state,
        step: scalar(step),
        learningRate: scalar(lr),
      });
      ({ parameters, state } = outputs as { parameters: HostParameters; state: AdamState<HostParameters> });
      expect(distance(outputs.norm, leaf(torch.outputs, `norm.${step}`))).toBeLessThan(1e-6);
      expectNear(parameters, at(torch.outputs, '', `.${step}`), 2e-6);
    }
    for (const parameter of ['w', 'b']) {
      expect(distance(state.first[parameter], leaf(torch.outputs, `exp_avg.${parameter}`))).toBeLessThan(
        1e-6,
      );
      expect(distance(state.second[parameter], leaf(torch.outputs, `exp_avg_sq.${parameter}`))).toBeLessThan(
        1e-6,
      );
    }
    await program.dispose();
  });
});

describe.each(testEngines)('a parameter of its own on %s', (name) => {
  const one = { late: normals([3], 'adam parameter') };
  const twin = { usual: normals([3], 'adam parameter') };
  const both = { ...one, ...twin };

  /** Updates from `first` on, counted from 1, with the same gradients for all. */
  async function trained(
    parameters: HostParameters,
    first: number,
    change: Pick<AdamSettings, 'rateFactor' | 'startsAfter'>,
  ): Promise<HostParameters> {
    const program = (await engineUnderTest(name)).compile(
      (inputs: In) =>
        adamStep(inputs.parameters, inputs.gradients, inputs.state, inputs, {
          ...adamDefaults,
          weightDecay: 0.1,
          decoupled: true,
          ...change,
        }),
      { name: 'adam' },
    );
    let now = { parameters, state: adamStart(parameters) };
    for (let step = first; step < first + 3; step++) {
      const gradient = normals([3], `gradient ${step - first}`);
      const gradients = Object.fromEntries(Object.keys(parameters).map((each) => [each, gradient]));
      now = (await program.run({
        ...now,
        gradients,
        step: scalar(step),
        learningRate: scalar(0.1),
      })) as typeof now;
    }
    await program.dispose();
    return now.parameters;
  }

  it('that starts late is updated as one that starts then', async () => {
    const usual = await trained(twin, 1, {});
    const startsAfter = (each: string): number => (each === 'late' ? 1000 : 0);
    const late = await trained(both, 1001, { startsAfter });
    expect(late.late).toEqual(usual.usual);
    expect(late.usual).not.toEqual(usual.usual);
  });

  it('with a rate of its own is updated as all are at that rate', async () => {
    const factors = await trained(both, 1, { rateFactor: (each) => (each === 'late' ? 0.5 : 1) });
    expect(factors.usual).toEqual((await trained(twin, 1, {})).usual);
    const half = await trained(one, 1, { rateFactor: () => 0.5 });
    expect(factors.late).toEqual(half.late);
    // The first update of Adam is the rate against the sign: three of them are at most 3 x 0.05, and the decay.
    const moved = floatsOf(factors.late as typeof one.late).map((x, i) =>
      Math.abs(x - (one.late.data[i] as number)),
    );
    expect(Math.max(...moved)).toBeLessThan(0.2);
    expect(distance(factors.late, factors.usual)).toBeGreaterThan(0.02);
  });
});

describe('weight decay', () => {
  it.each([false, true])('does not touch exempt parameters (decoupled: %s)', async (decoupled) => {
    const host = { weight: float32([2], [1, -2]), bias: float32([2], [1, -2]) };
    const settings = {
      ...adamDefaults,
      weightDecay: 0.5,
      decoupled,
      exempt: (name: string) => name === 'bias',
    };
    const zeros = { weight: float32([2]), bias: float32([2]) };
    const { parameters } = await runOn(
      'onnx',
      (inputs: In) => {
        const { parameters: next } = adamStep(
          inputs.parameters,
          inputs.gradients,
          inputs.state,
          inputs,
          settings,
        );
        return { parameters: next };
      },
      {
        parameters: host,
        gradients: zeros,
        state: adamStart(host),
        step: scalar(1),
        learningRate: scalar(0.1),
      },
    );
    expect(parameters.bias).toEqual(host.bias);
    // Decoupled: w (1 - 0.1 * 0.5). Inside the gradient: the first update is the learning rate against the sign.
    const expected = decoupled ? [0.95, -1.9] : [0.9, -1.9];
    for (const [i, value] of floatsOf(parameters.weight as typeof host.weight).entries())
      expect(value).toBeCloseTo(expected[i] as number, 5);
  });
});

it('clipping leaves gradients below the limit as they are, and scales all others by one factor', async () => {
  const gradients = { a: normals([3], 'a'), b: normals([2, 2], 'b') };
  const norm = Math.hypot(...gradients.a.data, ...gradients.b.data);
  const clip = (limit: number) =>
    runOn(
      'onnx',
      (inputs: Parameters) => {
        const { scale } = clipScale(inputs, limit);
        return Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, x.mul(scale)]));
      },
      gradients,
    );
  expectNear(await clip(norm * 2), gradients, 1e-7);
  const half = (host: typeof gradients.a) =>
    float32(
      host.shape,
      floatsOf(host).map((value) => value / 2),
    );
  expectNear(await clip(norm / 2), { a: half(gradients.a), b: half(gradients.b) }, 1e-6);
});

it('a parameter without a gradient is an error that names it', () => {
  const one = { w: tf.scalar(1) };
  const update = { step: tf.scalar(1), learningRate: tf.scalar(1) };
  expect(() => adamStep(one, {}, { first: one, second: one }, update)).toThrow('w has no gradient');
});
