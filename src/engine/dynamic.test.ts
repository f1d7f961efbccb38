/** @file Programs that serve every length with one session. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { fbankDefault, fbankFamily } from '../encoders/families/fbank.js';
import { alibiBias, attention, framePositions } from '../nn/attention.js';
import { conv1d } from '../nn/conv1d.js';
import { gelu } from '../nn/gelu.js';
import { layerNorm, standardize } from '../nn/norm.js';
import { constants } from './constants.js';
import { distance, engineUnderTest, normals } from './engines.fixture.js';
import * as tf from './ops.js';
import { scan } from './scan.js';
import { sessions } from './session.js';

type Wave = { wave: tf.Tensor };

const weights = {
  'first.weight': normals([8, 1, 10], 'first', 0.3),
  'second.weight': normals([8, 2, 3], 'second', 0.4),
  'attn.qkv.weight': normals([24, 8], 'qkv', 0.3),
  'attn.proj.weight': normals([8, 8], 'proj', 0.3),
};

/** Strided and grouped convolutions, norms, attention with positions: what an encoder is made of. */
function smallEncoder({ wave }: Wave): Record<string, tf.Tensor> {
  const parameters = constants(weights);
  const first = gelu(standardize(conv1d(parameters, 'first', wave.expandDims(1), { stride: 5 })));
  const second = conv1d(parameters, 'second', first, { stride: 2, groups: 4 });
  const x = layerNorm(parameters, 'none', second.transpose([0, 2, 1])); // (1, frames, 8)
  const y = attention(parameters, 'attn', x, alibiBias(framePositions(x), 2), { heads: 2 });
  const frames = y.shape[1] as number;
  return {
    y,
    mean: y.mean(1),
    last: y.slice([0, frames - 1, 0], [1, 1, 8]),
    allButLast: y.slice([0, 0, 0], [1, frames - 1, 8]),
    flat: y.reshape([-1]),
    ones: tf.onesLike(y).cumsum(1),
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a program of any length', async () => {
  const [onnx, cpu] = [await engineUnderTest('onnx'), await engineUnderTest('cpu')];
  const dynamicAxes = { wave: 1 };

  it('equals the eager function at every length, and makes one session', async () => {
    const created = vi.spyOn(sessions, 'create');
    const compiled = onnx.compile(smallEncoder, { name: 'encoder', dynamicAxes });
    const eager = cpu.compile(smallEncoder, { name: 'encoder' });
    for (const samples of [64, 25, 30, 31, 47, 99, 100, 161, 320, 1009, 2000]) {
      const wave = normals([1, samples], 'wave');
      const [outputs, expected] = [await compiled.run({ wave }), await eager.run({ wave })];
      for (const [name, value] of Object.entries(expected))
        expect(distance(outputs[name], value), `${name} of ${samples} samples`).toBeLessThan(1e-4);
    }
    expect(created).toHaveBeenCalledTimes(1);
  });

  it('may take slices from the end: FBANK equals its eager form at every length', async () => {
    const forward = ({ wave }: Wave) => ({
      x: fbankFamily.forward(fbankDefault, {}, { waveform: wave })[0] as tf.Tensor,
    });
    const compiled = onnx.compile(forward, { name: 'fbank', dynamicAxes });
    const eager = (await engineUnderTest('wasm')).compile(forward, { name: 'fbank' });
    for (const samples of [400, 559, 560, 1234, 3000]) {
      const wave = normals([1, samples], 'wave', 0.1);
      expect(distance((await compiled.run({ wave })).x, (await eager.run({ wave })).x)).toBeLessThan(1e-4);
    }
  });

  it('reads a size where it is, though another has it at both lengths that are traced', async () => {
    // Every fifth sample is a step, two steps a pair: from 5 samples on, both traces have twice as many steps as pairs.
    const shuffled = ({ wave }: Wave) => {
      const steps = conv1d({ 'step.weight': tf.ones([1, 1, 1]) }, 'step', wave.expandDims(1), { stride: 5 });
      const pairs = conv1d({ 'pair.weight': tf.ones([1, 1, 2]) }, 'pair', steps, { stride: 2 });
      const products = pairs.reshape([-1, 1]).matMul(tf.concat([pairs, pairs], 2).reshape([1, -1])); // (pairs, 2 pairs)
      return { y: products.reshape([2 * (pairs.shape[2] as number), pairs.shape[2] as number]) };
    };
    const compiled = onnx.compile(shuffled, { name: 'shuffled', dynamicAxes });
    const eager = cpu.compile(shuffled, { name: 'shuffled' });
    for (const samples of [6, 11, 40]) {
      const wave = normals([1, samples], 'wave');
      expect(distance((await compiled.run({ wave })).y, (await eager.run({ wave })).y)).toBeLessThan(1e-5);
    }
  });

  it('may scan over the axis that varies', async () => {
    const running = ({ wave }: Wave) => {
      const body = (state: tf.Tensor[], slices: tf.Tensor[]) => {
        const sum = (state[0] as tf.Tensor).mul(0.5).add(slices[0] as tf.Tensor);
        return { state: [sum], outputs: [sum] };
      };
      const { outputs } = scan(body, [tf.zeros([1])], [wave.transpose()]);
      return { y: outputs[0] as tf.Tensor };
    };
    const compiled = onnx.compile(running, { name: 'running', dynamicAxes });
    const eager = cpu.compile(running, { name: 'running' });
    for (const samples of [3, 1, 40]) {
      const wave = normals([1, samples], 'wave');
      expect(distance((await compiled.run({ wave })).y, (await eager.run({ wave })).y)).toBeLessThan(1e-5);
    }
  });

  it.each<[string, (wave: tf.Tensor) => tf.Tensor, RegExp]>([
    ['a number', (wave) => wave.div(wave.shape[1] as number), /a constant of Div depends on the length/],
    [
      'a table',
      (wave) => wave.add(tf.tensor1d(Array.from({ length: wave.shape[1] as number }, (_, i) => i))),
      /a constant of Add depends on the length; derive it from an input/,
    ],
    [
      'an output',
      (wave) => tf.scalar(wave.shape[1] as number),
      /the output y is a constant that depends on the length/,
    ],
    [
      'a window',
      (wave) => wave.slice([0, 0], [1, Math.floor((wave.shape[1] as number) / 3)]),
      /bounds of a slice/,
    ],
    [
      'a padding',
      (wave) =>
        wave.pad([
          [0, 0],
          [0, (wave.shape[1] as number) % 7],
        ]),
      /length/,
    ],
    [
      'another course',
      (wave) => ((wave.shape[1] as number) % 2 === 0 ? wave.exp() : wave.sin()),
      /its computation depends on the length \((Exp or Sin|Sin or Exp)\)/,
    ],
    [
      'other operands',
      (wave) =>
        (wave.shape[1] as number) % 2 === 0 ? wave.exp().sub(wave.sin()) : wave.sin().sub(wave.exp()),
      /its computation depends on the length/,
    ],
    [
      'a number inside a scan',
      (wave) => {
        const body = (state: tf.Tensor[], slices: tf.Tensor[]) => ({
          state: [(state[0] as tf.Tensor).add((slices[0] as tf.Tensor).div(wave.shape[1] as number))],
          outputs: [],
        });
        return scan(body, [tf.zeros([1])], [wave.transpose()]).state[0] as tf.Tensor;
      },
      /a constant in the body of Scan depends on the length/,
    ],
  ])('is refused when it bakes the length into %s', async (_what, fn, reason) => {
    const program = onnx.compile(({ wave }: Wave) => ({ y: fn(wave) }), { name: 'baked', dynamicAxes });
    const run = program.run({ wave: normals([1, 50], 'wave') });
    await expect(run).rejects.toThrow(/^cannot compile baked for every length: /);
    await expect(run).rejects.toThrow(reason);
  });
});
