/** @file Outputs in half precision: the same bits on every engine, whether the program rounds or we do. */
import { describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostTensor } from '../base/host-tensor.js';
import { halfBits, halfValue } from '../formats/half.js';
import { engineUnderTest, normals, testEngines } from './engines.fixture.js';
import * as tf from './ops.js';

/** Ties, the smallest and the largest halves and their neighbours, what is beyond. */
const awkward = Float32Array.of(
  ...[0, -0, 1, -2, 65504, 65519.996, 65520, -1e6, 2 ** -24, 2 ** -25, 1.5 * 2 ** -24, 2 ** -14],
  ...[2 ** -14 - 2 ** -26, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 2047.9999, -1e-30, Number.POSITIVE_INFINITY],
);

const rounded = (tensor: HostTensor): HostTensor => ({
  dtype: 'float16',
  shape: tensor.shape,
  data: Uint16Array.from(floatsOf(tensor), halfBits),
});

describe.each(testEngines)('halves on %s', async (name) => {
  const engine = await engineUnderTest(name);

  it('are the nearest to the values, ties to even; other outputs stay as they are', async () => {
    const program = engine.compile(
      ({ x }: { x: tf.Tensor }) => ({ same: tf.mul(x, 1), stay: tf.mul(x, 2), five: tf.fill([2], 5) }),
      { name: 'halves', halves: ['same', 'five'] },
    );
    const x = float32([awkward.length], awkward);
    const outputs = await program.run({ x });
    expect(outputs.same).toEqual(rounded(x));
    expect(outputs.five).toEqual(rounded(float32([2], [5, 5])));
    expect(outputs.stay).toEqual(
      float32(
        [awkward.length],
        awkward.map((value) => 2 * value),
      ),
    );
    const nan = await program.run({ x: withNaN(x) });
    expect(halfValue(nan.same.data[0] as number)).toBeNaN();
    await program.dispose();
  });

  it('leave a program of any length', async () => {
    const program = engine.compile(
      ({ x }: { x: tf.Tensor }) => ({ y: { deep: tf.neg(tf.slice(x, [0, 1], [-1, -1])) } }),
      { name: 'halves of any length', dynamicAxes: { x: 1 }, halves: ['y'] },
    );
    for (const length of [4, 131]) {
      const x = normals([1, length], 'x');
      const { y } = await program.run({ x });
      expect(y.deep).toEqual(
        rounded(
          float32(
            [1, length - 1],
            floatsOf(x)
              .slice(1)
              .map((value) => -value),
          ),
        ),
      );
    }
    await program.dispose();
  });

  it('are nothing that a program computes with', async () => {
    const program = engine.compile(({ x }: { x: tf.Tensor }) => ({ y: tf.neg(x) }), { name: 'half in' });
    await expect(program.run({ x: rounded(float32([1], [1])) })).rejects.toThrow(
      /half in.*programs do not compute with tensors of type float16/,
    );
  });
});

const withNaN = (tensor: HostTensor): HostTensor => ({
  ...tensor,
  data: floatsOf(tensor).map((value, i) => (i === 0 ? Number.NaN : value)),
});
