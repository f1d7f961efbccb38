/** @file Programs: what is compiled once and kept, memory that is used again, errors that leave a program usable. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { float32, type HostTensor, int32 } from '../base/host-tensor.js';
import type { Program } from './engine.js';
import { distance, engineUnderTest, expectNear, normals, testEngines } from './engines.fixture.js';
import * as tf from './ops.js';
import { sessions } from './session.js';

type Pair = { x: tf.Tensor; nested: { w: tf.Tensor } };

/** A small network with a gradient. */
const lossAndGradient = ({ x, nested }: Pair) => {
  const loss = (weights: tf.Tensor): tf.Scalar => {
    const hidden = tf.matMul(x as tf.Tensor2D, weights as tf.Tensor2D);
    return tf.softmax(hidden).mul(hidden).sum(-1).square().mean();
  };
  const { value, grad } = tf.valueAndGrad(loss)(nested.w);
  return { loss: value as tf.Tensor, gradients: { w: grad } };
};

const inputs = (rows: number, seed = 'x') => ({
  x: normals([rows, 4], seed),
  nested: { w: normals([4, 5], 'w') },
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(testEngines)('a program on %s', async (name) => {
  const engine = await engineUnderTest(name);
  const oracle = await engineUnderTest('cpu');

  it('takes and gives named trees, and equals plain JavaScript', async () => {
    const outputs = await engine.compile(lossAndGradient, { name: 'loss' }).run(inputs(6));
    const expected = await oracle.compile(lossAndGradient, { name: 'loss' }).run(inputs(6));
    expect(distance(outputs.loss, expected.loss)).toBeLessThan(1e-5);
    expectNear(outputs.gradients, expected.gradients, 1e-5);
  });

  it('takes integers and truth values, and gives them', async () => {
    const program = engine.compile(
      ({ a, on }: { a: tf.Tensor; on: tf.Tensor }) => ({
        a: tf.where(on, a, a.neg()),
        on: tf.logicalNot(on),
      }),
      { name: 'types' },
    );
    const on: HostTensor = { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) };
    const outputs = await program.run({ a: int32([3], [1, 2, 3]), on });
    expect(outputs.a).toEqual(int32([3], [1, -2, 3]));
    expect(outputs.on).toEqual({ ...on, data: Uint8Array.of(0, 1, 0) });
  });

  describe('given wrong inputs names the program and the input', async () => {
    const program = engine.compile(lossAndGradient, { name: 'my loss' });
    await program.run(inputs(6));
    const run = (wrong: object): Promise<unknown> => program.run(wrong as Parameters<typeof program.run>[0]);
    const x = normals([6, 4], 'x');

    it.each([
      ['a missing one', { x }, 'my loss cannot run: the input nested/w is missing'],
      ['an unknown one', { ...inputs(6), extra: x }, 'my loss cannot run: unexpected input extra'],
      [
        'one that is undefined',
        { ...inputs(6), x: undefined },
        'my loss cannot run: the input x is undefined',
      ],
      [
        'one of another type',
        { ...inputs(6), x: int32([6, 4], new Int32Array(24)) },
        'my loss cannot run: the input x has type int32, expected float32',
      ],
      [
        'values of another type than it says',
        { ...inputs(6), x: { ...x, data: new Int32Array(24) } },
        'my loss cannot run: the values of the input x do not match its type float32',
      ],
      [
        'too few values for its shape',
        { ...inputs(6), x: { ...x, shape: [7, 4] } },
        'my loss cannot run: the input x has 24 values, but its shape is [7, 4]',
      ],
    ])('%s', async (_case, wrong, message) => {
      await expect(run(wrong)).rejects.toThrow(message);
    });

    it('shapes that do not fit', async () => {
      await expect(run({ ...inputs(6), x: normals([6, 3], 'x') })).rejects.toThrow(/my loss.*inner/i);
    });

    it('and runs on as before', async () => {
      const before = await oracle.compile(lossAndGradient, { name: 'loss' }).run(inputs(6));
      expect(distance((await program.run(inputs(6))).loss, before.loss)).toBeLessThan(1e-5);
    });
  });
});

describe('the compiling engine', async () => {
  const engine = await engineUnderTest('onnx');
  const compiled = (): Program<Pair, ReturnType<typeof lossAndGradient>> =>
    engine.compile(lossAndGradient, { name: 'loss' });

  it('compiles once for each set of shapes', async () => {
    const created = vi.spyOn(sessions, 'create');
    const program = compiled();
    for (const rows of [3, 5, 3, 5, 3]) await program.run(inputs(rows));
    expect(created).toHaveBeenCalledTimes(2);
    await Promise.all([program.run(inputs(7)), program.run(inputs(7))]);
    expect(created).toHaveBeenCalledTimes(3);
    await program.dispose();
  });

  it('keeps the sessions used last when there are very many shapes', async () => {
    const created = vi.spyOn(sessions, 'create');
    const program = engine.compile(({ x }: { x: tf.Tensor }) => ({ y: x.mul(2) }), { name: 'double' });
    for (let rows = 1; rows <= 50; rows++) await program.run({ x: normals([rows], 'x') });
    await program.run({ x: normals([50], 'x') });
    expect(created).toHaveBeenCalledTimes(50);
    const again = await program.run({ x: float32([1], [21]) });
    expect(created).toHaveBeenCalledTimes(51);
    expect(again.y).toEqual(float32([1], [42]));
    await program.dispose();
  });

  it('gives the same numbers on one thread and on two', async () => {
    const two = await (await import('./create.js')).createEngine('onnx', { threads: 2 });
    const [a, b] = [compiled(), two.compile(lossAndGradient, { name: 'loss' })];
    expectNear((await b.run(inputs(64))).gradients, (await a.run(inputs(64))).gradients, 1e-6);
    await a.dispose();
    await b.dispose();
  });

  it('names the program in an error of the runtime, and the program stays usable', async () => {
    const program = engine.compile(
      ({ x, index }: { x: tf.Tensor; index: tf.Tensor }) => ({ y: tf.gather(x, index as tf.Tensor1D) }),
      { name: 'my gather' },
    );
    const x = float32([3], [1, 2, 3]);
    await expect(program.run({ x, index: int32([1], [9]) })).rejects.toThrow(/^my gather failed: .*9/);
    expect((await program.run({ x, index: int32([1], [2]) })).y).toEqual(float32([1], [3]));
    await program.dispose();
  });

  it('can be compiled again after a function threw', async () => {
    let broken = true;
    const program = engine.compile(
      ({ x }: { x: tf.Tensor }) => {
        if (broken) throw new Error('out of order');
        return { y: x.add(1) };
      },
      { name: 'mended' },
    );
    await expect(program.run({ x: float32([1], [1]) })).rejects.toThrow(
      'cannot compile mended: out of order',
    );
    broken = false;
    expect((await program.run({ x: float32([1], [1]) })).y).toEqual(float32([1], [2]));
    await program.dispose();
  });

  it('leaves the active backend of TensorFlow.js as it was', async () => {
    await tf.setBackend('cpu');
    await compiled().run(inputs(2));
    expect(tf.getBackend()).toBe('cpu');
  });
});

it('the eager engines keep no tensors of a run', async () => {
  for (const name of ['wasm', 'cpu'] as const) {
    const program = (await engineUnderTest(name)).compile(lossAndGradient, { name: 'loss' });
    await program.run(inputs(6));
    const before = tf.memory().numTensors;
    await program.run(inputs(6));
    expect(tf.memory().numTensors).toBe(before);
  }
});
