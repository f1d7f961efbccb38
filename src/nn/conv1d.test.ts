/** @file One-dimensional convolution: compiled equals eager equals a loop, for any kernel, stride, padding, groups. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { float32, type HostTensor } from '../base/host-tensor.js';
import type { ProgramOptions } from '../engine/engine.js';
import { engineUnderTest, expectNear, normals, runOn } from '../engine/engines.fixture.js';
import { createHolder } from '../engine/held.js';
import * as tf from '../engine/ops.js';
import { compiledProgram } from '../engine/program.js';
import { sessionRuntime } from '../engine/runtime.js';
import { trace } from '../engine/trace.js';
import { type ConvSettings, conv1d } from './conv1d.js';

interface Sizes {
  readonly batch: number;
  readonly groups: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
  readonly stride: number;
  readonly padding: number;
  readonly more: number;
}

const small = (max: number) => fc.integer({ min: 1, max });
const sizes: fc.Arbitrary<Sizes> = fc.record({
  batch: small(2),
  groups: small(3),
  inputs: small(2),
  outputs: small(2),
  taps: small(6),
  stride: small(4),
  padding: fc.nat({ max: 4 }),
  /** Samples beyond the fewest that give a frame. */
  more: fc.nat({ max: 9 }),
});

/** y[b, o, f] = sum over i, k of w[o, i, k] x[b, i, f stride + k - padding], and the gradients of sum(y u). */
function byLoop(
  x: HostTensor,
  w: HostTensor,
  u: HostTensor,
  { groups, taps, stride, padding, inputs, outputs }: Sizes,
) {
  const [batch, channels, time] = x.shape as [number, number, number];
  const frames = u.shape[2] as number;
  const out = groups * outputs;
  const [y, dx, dw] = [
    new Float32Array(batch * out * frames),
    new Float32Array(x.data.length),
    new Float32Array(w.data.length),
  ];
  const add = (array: Float32Array, at: number, value: number): void => {
    array[at] = (array[at] as number) + value;
  };
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < out; o++)
      for (let f = 0; f < frames; f++)
        for (let i = 0; i < inputs; i++)
          for (let k = 0; k < taps; k++) {
            const t = f * stride + k - padding;
            if (t < 0 || t >= time) continue;
            const [yAt, wAt] = [(b * out + o) * frames + f, (o * inputs + i) * taps + k];
            const xAt = (b * channels + Math.floor(o / outputs) * inputs + i) * time + t;
            const [xValue, wValue, uValue] = [
              x.data[xAt] as number,
              w.data[wAt] as number,
              u.data[yAt] as number,
            ];
            add(y, yAt, xValue * wValue);
            add(dx, xAt, wValue * uValue);
            add(dw, wAt, xValue * uValue);
          }
  return { y: float32([batch, out, frames], y), dx: float32(x.shape, dx), dw: float32(w.shape, dw) };
}

const outputsAndGradients =
  (settings: ConvSettings) =>
  ({ x, w, u }: { x: tf.Tensor; w: tf.Tensor; u: tf.Tensor }) => {
    const f = (input: tf.Tensor, weight: tf.Tensor): tf.Tensor =>
      conv1d({ 'c.weight': weight }, 'c', input, settings);
    const [dx, dw] = tf.grads((input, weight) =>
      f(input as tf.Tensor, weight as tf.Tensor)
        .mul(u)
        .sum(),
    )([x, w]);
    return { y: f(x, w), dx: dx as tf.Tensor, dw: dw as tf.Tensor };
  };

it('compiled, eager and looped convolutions have the same values and gradients', async () => {
  const engines = [
    await engineUnderTest('onnx'),
    await engineUnderTest('cpu'),
    await engineUnderTest('wasm'),
  ];
  await fc.assert(
    fc.asyncProperty(sizes, async (size) => {
      const { batch, groups, inputs, outputs, taps, stride, padding, more } = size;
      const time = Math.max(1, taps - 2 * padding) + more;
      const frames = Math.floor((time + 2 * padding - taps) / stride) + 1;
      const x = normals([batch, groups * inputs, time], 'x');
      const w = normals([groups * outputs, inputs, taps], 'w');
      const u = normals([batch, groups * outputs, frames], 'u');
      const expected = byLoop(x, w, u, size);
      for (const engine of engines) {
        const program = engine.compile(outputsAndGradients({ stride, padding, groups }), {
          name: 'convolution',
        });
        expectNear(await program.run({ x, w, u }), expected, 1e-5);
        await program.dispose();
      }
    }),
    { numRuns: 60 },
  );
});

it('the form for WebGPU, a convolution a group, has the values and gradients of the grouped one', async () => {
  const options: ProgramOptions = { name: 'convolution' };
  const runOnForm = async (
    provider: 'cpu' | 'webgpu',
    sizes: ConvSettings,
    inputs: { x: HostTensor; w: HostTensor; u: HostTensor },
  ) => {
    // Compiled for the provider, run by the processor.
    const program = compiledProgram(outputsAndGradients(sizes), options, {
      holder: createHolder(),
      runtime: sessionRuntime(1),
      fuses: false,
      provider,
    });
    const outputs = await program.run(inputs);
    await program.dispose();
    return outputs;
  };
  for (const [channels, out, groups, taps, padding] of [
    [144, 144, 16, 19, 9],
    [768, 768, 16, 7, 3],
    [33, 9, 3, 4, 3],
    [5, 5, 5, 3, 0],
  ] as const) {
    const time = 23;
    const frames = time + 2 * padding - taps + 1;
    const inputs = {
      x: normals([2, channels, time], 'x'),
      w: normals([out, channels / groups, taps], 'w', 0.1),
      u: normals([2, out, frames], 'u'),
    };
    const sizes = { padding, groups };
    expectNear(await runOnForm('webgpu', sizes, inputs), await runOnForm('cpu', sizes, inputs), 1e-5);
    const fn = ({ x, w }: { x: tf.Tensor; w: tf.Tensor }) => ({
      y: conv1d({ 'c.weight': w }, 'c', x, sizes),
    });
    const specs = {
      x: { shape: inputs.x.shape, dtype: 'float32' },
      w: { shape: inputs.w.shape, dtype: 'float32' },
    } as const;
    const groupsOf = (provider: 'cpu' | 'webgpu') =>
      trace('convolution', fn, specs, { provider })
        .nodes.filter(({ op }) => op === 'Conv')
        .map(({ attributes: { group } }) => group);
    expect(groupsOf('webgpu')).toEqual(Array.from({ length: groups }, () => ({ int: 1 })));
    expect(groupsOf('cpu')).toEqual([{ int: groups }]);
  }
});

it.each(['onnx', 'cpu'] as const)(
  "'same' keeps the length for odd kernels, a frame more for even ones, on %s",
  async (engine) => {
    for (const [taps, frames] of [
      [1, 7],
      [5, 7],
      [4, 8],
    ] as const) {
      const fn = ({ x, w }: { x: tf.Tensor; w: tf.Tensor }) => ({
        y: conv1d({ 'c.weight': w }, 'c', x, { padding: 'same' }),
      });
      const { y } = await runOn(engine, fn, { x: normals([1, 2, 7], 'x'), w: normals([3, 2, taps], 'w') });
      expect(y.shape).toEqual([1, 3, frames]);
    }
  },
);

it('a missing weight is an error that names it', () => {
  expect(() => conv1d({}, 'encoder.conv', tf.zeros([1, 1, 3]))).toThrow(
    'the parameter encoder.conv.weight is missing',
  );
});
