/** @file Scales and shifts folded into the operators before them: fewer nodes, the same values. */

import { describe, expect, it } from 'vitest';
import { float32, floatsOf } from '../base/host-tensor.js';
import { lossAndGradients } from '../nn/gradients.js';
import { layerNorm } from '../nn/norm.js';
import { createEngine } from './create.js';
import * as tf from './ops.js';
import { trace } from './trace.js';

type NormInputs = Record<'x' | 'weight' | 'bias', tf.Tensor>;
type Inputs = { x: tf.Tensor; weight: tf.Tensor; bias: tf.Tensor };

const specs = {
  x: { shape: [3, 2], dtype: 'float32' },
  weight: { shape: [4, 2], dtype: 'float32' },
  bias: { shape: [4], dtype: 'float32' },
} as const;

const product = ({ x, weight }: Inputs, transposed: boolean): tf.Tensor =>
  transposed ? tf.matMul(x, weight, false, true) : tf.matMul(x, weight.transpose().mul(2));

const operators = (fn: (inputs: Inputs) => { y: tf.Tensor }): string[] =>
  trace('test', fn, specs).nodes.map(({ op }) => op);

describe('a bias added to a matrix product', () => {
  it.each([true, false])('becomes part of the product (transposed: %s)', (transposed) => {
    const before = operators((inputs) => ({ y: product(inputs, transposed).add(inputs.bias) }));
    expect(before).toContain('Gemm');
    expect(before).not.toContain('Add');
    expect(before).not.toContain('MatMul');
    expect(operators((inputs) => ({ y: inputs.bias.add(product(inputs, transposed)) }))).not.toContain('Add');
  });

  it('stays apart where something else reads the product', () => {
    const used = operators((inputs) => {
      const p = product(inputs, true);
      return { y: p.add(inputs.bias).mul(p) };
    });
    expect(used.filter((op) => op === 'Gemm')).toHaveLength(1);
    expect(used).toContain('Add');
  });

  it('stays apart where it is no row of the result', () => {
    expect(operators((inputs) => ({ y: product(inputs, true).add(inputs.bias.slice([0], [1])) }))).toContain(
      'Add',
    );
  });

  it('gives the values of the eager engine', async () => {
    const inputs = {
      x: float32([3, 2], [1, -2, 3, 0.5, -1, 4]),
      weight: float32([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
      bias: float32([4], [0.5, -1, 2, 10]),
    };
    const results = await Promise.all(
      (['onnx', 'cpu'] as const).map(async (name) => {
        const engine = await createEngine(name);
        const program = engine.compile(
          (given: Inputs) => ({
            a: product(given, true).add(given.bias),
            b: product(given, false).add(given.bias),
          }),
          { name: 'biased product' },
        );
        const { a, b } = await program.run(inputs);
        return [...floatsOf(a), ...floatsOf(b)];
      }),
    );
    expect(results[0]).toEqual(results[1]);
    expect(results[0]?.slice(0, 4)).toEqual([-2.5, -6, -5, 1]);
  });
});

describe('the scale and shift of a layer norm', () => {
  const norm = ({ x, weight, bias }: NormInputs): tf.Tensor =>
    layerNorm({ 'n.weight': weight, 'n.bias': bias }, 'n', x);
  const inputs = {
    x: float32([2, 3], [1, -2, 3, 0.5, -1, 4]),
    weight: float32([3], [2, 0.5, -1]),
    bias: float32([3], [0, 1, -3]),
  };
  const specs = { x: inputs.x, weight: inputs.weight, bias: inputs.bias };

  it('become part of it', () => {
    const { nodes } = trace('test', (given: NormInputs) => ({ y: norm(given) }), specs);
    expect(nodes.map(({ op }) => op)).toEqual(['LayerNormalization']);
  });

  it('stay apart where a gradient reads what was normalised', () => {
    const step = (given: NormInputs) => {
      const { loss, gradients } = lossAndGradients({ weight: given.weight }, ({ weight }) => ({
        loss: norm({ ...given, weight: weight as tf.Tensor })
          .square()
          .sum(),
        auxiliary: {},
      }));
      return { loss: loss as tf.Tensor, ...gradients };
    };
    const { nodes } = trace('test', step, specs);
    expect(nodes.find(({ op }) => op === 'LayerNormalization')?.inputs).toHaveLength(2);
  });

  it('give the values of the eager engine', async () => {
    const [compiled, eager] = await Promise.all(
      (['onnx', 'cpu'] as const).map(async (name) => {
        const engine = await createEngine(name);
        const program = engine.compile((given: NormInputs) => ({ y: norm(given) }), { name: 'norm' });
        return [...floatsOf((await program.run(inputs)).y)];
      }),
    );
    for (const [i, value] of (compiled ?? []).entries())
      expect(value).toBeCloseTo(eager?.[i] ?? Number.NaN, 5);
    expect(compiled).toHaveLength(6);
  });
});

it('an output that is also an input, a constant, or another output keeps both names', async () => {
  const engine = await createEngine('onnx');
  const program = engine.compile(
    ({ x }: { x: tf.Tensor }) => {
      const doubled = x.mul(2);
      return { same: x, doubled, again: doubled, one: tf.scalar(1), sum: doubled.add(1) };
    },
    { name: 'named twice' },
  );
  const { same, doubled, again, one, sum } = await program.run({ x: float32([2], [1, 2]) });
  expect([same, doubled, again, one, sum].map((tensor) => [...tensor.data])).toEqual([
    [1, 2],
    [2, 4],
    [2, 4],
    [1],
    [3, 5],
  ]);
});
