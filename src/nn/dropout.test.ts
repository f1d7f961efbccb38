/** @file Dropout: masks that depend on (key, site, position) alone, the same on every engine. */

import { describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostTensor, int32 } from '../base/host-tensor.js';
import { distance, engineUnderTest, normals, runOn } from '../engine/engines.fixture.js';
import * as tf from '../engine/ops.js';
import { dropout, layerKept } from './dropout.js';

const key = (value: number): HostTensor => int32([], [value]);
const ones = (shape: readonly number[]): HostTensor =>
  float32(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1));

async function dropped(
  engine: 'onnx' | 'wasm' | 'cpu',
  x: HostTensor,
  rate: number,
  seed = 7,
  site = 'here',
): Promise<HostTensor> {
  const fn = (inputs: { x: tf.Tensor; key: tf.Tensor }) => ({ y: dropout(inputs.x, rate, inputs.key, site) });
  return (await runOn(engine, fn, { x, key: key(seed) })).y;
}

const keptShare = (y: HostTensor): number =>
  floatsOf(y).reduce((sum, value) => sum + Number(value !== 0), 0) / y.data.length;

describe('dropout', () => {
  it.each([0.05, 0.1, 0.5, 0.9])(
    'keeps 1 - rate of the elements and scales them up (rate %d)',
    async (rate) => {
      const y = await dropped('onnx', ones([200, 300]), rate);
      expect(Math.abs(keptShare(y) - (1 - rate))).toBeLessThan(0.01);
      for (const value of new Set(floatsOf(y))) expect([0, Math.fround(1 / (1 - rate))]).toContain(value);
      // No row and no column is left out of the draw: each keeps its share, within 5 deviations.
      const [rows, columns] = [200, 300];
      for (const [count, length, at] of [
        [rows, columns, (i: number, j: number) => i * columns + j],
        [columns, rows, (i: number, j: number) => j * columns + i],
      ] as const) {
        const limit = 5 * Math.sqrt((rate * (1 - rate)) / length);
        const outliers = Array.from({ length: count }, (_, i) => {
          let kept = 0;
          for (let j = 0; j < length; j++) kept += Number(y.data[at(i, j)] !== 0);
          return Math.abs(kept / length - (1 - rate));
        }).filter((difference) => difference > limit);
        expect(outliers.length).toBeLessThanOrEqual(count * 0.02);
      }
    },
  );

  it.each([[[]], [[5]], [[4, 6]], [[2, 3, 4, 5]]])(
    'has the same mask on every engine, shape [%s]',
    async (shape) => {
      const x = normals(shape, 'x');
      for (const seed of [0, 1, -1, 0x7fffffff]) {
        const compiled = await dropped('onnx', x, 0.3, seed);
        expect(distance(compiled, await dropped('cpu', x, 0.3, seed))).toBe(0);
        expect(distance(compiled, await dropped('wasm', x, 0.3, seed))).toBe(0);
      }
    },
  );

  it('repeats with the key, and has other masks with another key or at another site', async () => {
    const x = ones([40, 50]);
    const mask = await dropped('onnx', x, 0.5);
    expect(await dropped('onnx', x, 0.5)).toEqual(mask);
    for (const other of [await dropped('onnx', x, 0.5, 8), await dropped('onnx', x, 0.5, 7, 'there')]) {
      const same = floatsOf(other).reduce((sum, value, i) => sum + Number(value === mask.data[i]), 0) / 2000;
      expect(Math.abs(same - 0.5)).toBeLessThan(0.06);
    }
  });

  it.each(['onnx', 'cpu'] as const)(
    'of a part of a batch is that of its rows in the whole, on %s',
    async (engine) => {
      const fn = (inputs: { x: tf.Tensor; key: tf.Tensor }) => ({
        y: dropout(inputs.x, 0.4, inputs.key, 'here'),
        layer: layerKept(0.4, inputs.key, 'layer'),
      });
      const whole = await runOn(engine, fn, { x: ones([5, 3, 4]), key: key(3) });
      const part = await runOn(engine, fn, { x: ones([2, 3, 4]), key: int32([2], [3, 2]) });
      expect(part.y.data).toEqual(whole.y.data.slice(2 * 12, 4 * 12));
      expect(part.layer).toEqual(whole.layer);
    },
  );

  it.each(['onnx', 'cpu'] as const)(
    'lets gradients through where it lets values through, on %s',
    async (engine) => {
      const fn = (inputs: { x: tf.Tensor; dy: tf.Tensor; key: tf.Tensor }) => {
        const f = (x: tf.Tensor) => dropout(x, 0.4, inputs.key, 'here');
        return { y: f(inputs.x), gradient: tf.grad(f)(inputs.x, inputs.dy) };
      };
      const { y, gradient } = await runOn(engine, fn, { x: ones([20, 30]), dy: ones([20, 30]), key: key(3) });
      expect(gradient).toEqual(y);
      expect(keptShare(y)).toBeLessThan(1);
    },
  );

  it.each(['onnx', 'cpu'] as const)(
    'of a whole layer keeps it at 1 - rate of the keys, each layer for itself, on %s',
    async (engine) => {
      const program = (await engineUnderTest(engine)).compile(
        (inputs: { key: tf.Tensor }) => ({
          here: layerKept(0.3, inputs.key, 'here'),
          there: layerKept(0.3, inputs.key, 'there'),
        }),
        { name: 'kept layers' },
      );
      const keys = 1000;
      const [here, there] = [ones([keys]), ones([keys])];
      for (let i = 0; i < keys; i++) {
        const kept = await program.run({ key: key(i * 7919) });
        here.data[i] = kept.here.data[0] as number;
        there.data[i] = kept.there.data[0] as number;
      }
      await program.dispose();
      // Within 4 deviations.
      for (const kept of [here, there])
        expect(Math.abs(keptShare(kept) - 0.7)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / keys));
      const same = floatsOf(here).filter((value, i) => value === there.data[i]).length / keys;
      expect(Math.abs(same - (0.49 + 0.09))).toBeLessThan(4 * Math.sqrt(0.25 / keys));
    },
  );

  it('is nothing at rate 0 and without a key, and zero at rate 1', async () => {
    const x = tf.tensor1d([1, 2]);
    expect(dropout(x, 0, tf.scalar(1, 'int32'), 'here')).toBe(x);
    expect(dropout(x, 0.5, undefined, 'here')).toBe(x);
    for (const engine of ['onnx', 'cpu'] as const)
      expect(await dropped(engine, normals([3, 4], 'x'), 1)).toEqual(float32([3, 4]));
  });
});
