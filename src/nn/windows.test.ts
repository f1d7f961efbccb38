/** @file Windows of a length that only the run knows, and tensors cut to the length of others: eager and in one program. */
import { describe, expect, it } from 'vitest';
import { float32, floatsOf } from '../base/host-tensor.js';
import { distance, engineUnderTest, expectNear, normals } from '../engine/engines.fixture.js';
import * as tf from '../engine/ops.js';
import { conv1d } from './conv1d.js';
import { cutLike } from './cut.js';
import { joined, windows } from './windows.js';

type Wave = { wave: tf.Tensor };

/** A value every third step, in windows of 12 steps. */
function inWindows({ wave }: Wave): Record<string, tf.Tensor> {
  const tap = { 'tap.weight': tf.ones([1, 1, 1]) };
  const third = (x: tf.Tensor): tf.Tensor =>
    conv1d(tap, 'tap', x.expandDims(1), { stride: 3 }).transpose([0, 2, 1]);
  const cut = windows(wave, 12);
  return { cut, together: joined(third(cut), third(wave)) };
}

describe('windows', async () => {
  const [onnx, cpu] = [await engineUnderTest('onnx'), await engineUnderTest('cpu')];

  it('follow each other, the last one filled up with zeros', async () => {
    const program = cpu.compile(({ wave }: Wave) => ({ y: windows(wave, 3) }), { name: 'windows' });
    const { y } = await program.run({ wave: float32([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]) });
    expect(y.shape).toEqual([4, 3]);
    expect([...y.data]).toEqual([1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0, 0]);
  });

  it('are as many as the run needs, in one program of every length; joined, they are what there was', async () => {
    const compiled = onnx.compile(inWindows, { name: 'windows', dynamicAxes: { wave: 1 } });
    const eager = cpu.compile(inWindows, { name: 'windows' });
    for (const samples of [1, 3, 11, 12, 13, 24, 50, 121]) {
      const wave = normals([1, samples], 'wave');
      const [outputs, expected] = [await compiled.run({ wave }), await eager.run({ wave })];
      expect(outputs.cut?.shape).toEqual([Math.ceil(samples / 12), 12]);
      for (const [name, value] of Object.entries(expected))
        expect(distance(outputs[name], value), name).toBe(0);
      const every = floatsOf(wave).filter((_, i) => i % 3 === 0);
      expect([...floatsOf(outputs.together as typeof wave)]).toEqual([...every]);
    }
  });

  it('have gradients, as cut tensors have', async () => {
    const fn = ({ wave, weights }: { wave: tf.Tensor; weights: tf.Tensor }) => ({
      gradient: tf.grad((x: tf.Tensor) => cutLike(windows(x, 4).square(), 1, weights, 0).mul(weights).sum())(
        wave,
      ),
    });
    const inputs = { wave: normals([2, 6], 'wave'), weights: normals([3], 'weights') };
    const [compiled, eager] = [onnx.compile(fn, { name: 'gradient' }), cpu.compile(fn, { name: 'gradient' })];
    const { gradient } = await eager.run(inputs);
    // 2 x w where a step stands in the first three of its window.
    const [x, w] = [floatsOf(inputs.wave), floatsOf(inputs.weights)];
    const expected = [...x].map((value, i) => 2 * value * (w[(i % 6) % 4] ?? 0));
    for (const [i, value] of floatsOf(gradient).entries())
      expect(value).toBeCloseTo(expected[i] as number, 5);
    expectNear(await compiled.run(inputs), { gradient }, 1e-6);
  });
});
