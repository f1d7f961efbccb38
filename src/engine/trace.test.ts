/** @file The graph that a trace writes: what is folded, shared and dropped, and what it refuses. */

import { describe, expect, it } from 'vitest';
import type { TensorSpec } from '../base/host-tensor.js';
import { float32 } from '../base/host-tensor.js';
import { tensorOf } from './constants.js';
import { expectSame, normals } from './engines.fixture.js';
import type { GraphNode } from './graph.js';
import * as tf from './ops.js';
import { scan } from './scan.js';
import { type TracedGraph, trace } from './trace.js';

type Inputs = Record<string, tf.Tensor>;

function traced(
  fn: (inputs: Inputs) => Record<string, tf.Tensor>,
  shapes: Record<string, number[]>,
): TracedGraph {
  const specs = Object.entries(shapes).map(([name, shape]): [string, TensorSpec] => [
    name,
    { shape, dtype: 'float32' },
  ]);
  return trace('a function', fn, Object.fromEntries(specs));
}

const operations = ({ nodes }: TracedGraph): string[] => nodes.map(({ op }) => op);
const of = (tensor: tf.Tensor | undefined): tf.Tensor => tensor as tf.Tensor;

describe('a traced graph', () => {
  it('drops what no output needs', () => {
    const graph = traced(
      ({ x }) => {
        of(x).exp().sum();
        return { y: of(x).sin() };
      },
      { x: [3] },
    );
    expect(operations(graph)).toEqual(['Sin']);
  });

  it('drops what no output of a scan needs, in its body as well', () => {
    const graph = traced(
      ({ x }) => {
        const body = (state: tf.Tensor[], slices: tf.Tensor[]) => {
          of(slices[0]).exp();
          return { state: [of(state[0]).add(of(slices[0]))], outputs: [] };
        };
        return { y: of(scan(body, [tf.zeros([2])], [of(x)]).state[0]) };
      },
      { x: [5, 2] },
    );
    const [body] = graph.nodes.flatMap((node) =>
      Object.values(node.attributes).flatMap((attribute) => ('graph' in attribute ? [attribute.graph] : [])),
    );
    expect(body?.nodes.map(({ op }) => op)).toEqual(['Add']);
  });

  it('does equal work once', () => {
    const graph = traced(({ x }) => ({ y: of(x).exp().add(of(x).exp()), z: of(x).exp() }), { x: [3] });
    expect(operations(graph)).toEqual(['Exp', 'Add']);
  });

  it('holds equal constants once', () => {
    const graph = traced(
      ({ x }) => ({ y: of(x).mul(tf.tensor1d([1, 2, 3])), z: of(x).sub(tf.tensor1d([1, 2, 3])) }),
      { x: [3] },
    );
    const constants = graph.nodes.flatMap(({ inputs }) =>
      inputs.filter((value) => value?.data !== undefined),
    );
    expect(constants.length).toBe(2);
    expect(new Set(constants.map((value) => value?.id)).size).toBe(1);
  });

  it('holds a large constant that is used twice once, and one of equal values as a scalar', () => {
    const large = normals([5000], 'large');
    const graph = traced(
      ({ x }) => ({
        y: of(x).mul(tensorOf(large)),
        z: of(x).add(tensorOf(large)),
        w: of(x).mul(tf.fill([5000], 3)),
      }),
      { x: [5000] },
    );
    const constants = new Map(
      graph.nodes.flatMap(({ inputs }) =>
        inputs.flatMap((value) => (value?.data ? [[value.id, value] as const] : [])),
      ),
    );
    expect([...constants.values()].map(({ shape }) => shape)).toEqual([[5000], []]);
  });

  it('leaves out work that changes nothing', () => {
    const graph = traced(
      ({ x }) => ({
        y: of(x)
          .add(0)
          .mul(1)
          .div(1)
          .sub(0)
          .add(tf.zerosLike(of(x))),
      }),
      { x: [3] },
    );
    expect(operations(graph)).toEqual([]);
  });

  it('keeps 0 - x and 1 / x', async () => {
    const fn = ({ x }: Inputs) => ({ minus: tf.sub(0, of(x)), over: tf.div(1, of(x)) });
    expect(operations(traced(fn, { x: [3] }))).toEqual(['Sub', 'Div']);
    await expectSame(fn, { x: float32([3], [1, 2, -4]) });
  });

  const transposed = (rank: number): number[] => [...Array(rank - 2).keys(), rank - 1, rank - 2];
  const fed = (node: GraphNode): (string | undefined)[] => node.inputs.map((value) => value?.producer?.op);

  it.each([
    ['matrices', [3, 4], [5, 4], 'Gemm'],
    ['stacks of matrices', [2, 3, 4], [2, 5, 4], 'FusedMatMul'],
    ['stacks of stacks', [2, 2, 3, 4], [2, 2, 5, 4], 'FusedMatMul'],
  ])('folds transposes into products of %s', async (_what, a, b, op) => {
    const fn = (inputs: Inputs) => ({
      right: tf.matMul(of(inputs.a), of(inputs.b).transpose(transposed(b.length))),
      left: tf.matMul(of(inputs.a).transpose(transposed(a.length)), of(inputs.a)),
    });
    const products = traced(fn, { a, b }).nodes;
    expect(products.map((node) => node.op)).toEqual([op, op]);
    for (const node of products) expect(fed(node)).not.toContain('Transpose');
    await expectSame(fn, { a: normals(a, 'a'), b: normals(b, 'b') });
  });

  it('transposes first what a product of many columns takes transposed on the left', async () => {
    const fn = ({ a, b }: Inputs) => ({ y: tf.matMul(of(a), of(b), true) });
    expect(operations(traced(fn, { a: [3, 4], b: [3, 767] }))).toEqual(['Gemm']);
    expect(operations(traced(fn, { a: [3, 4], b: [3, 768] }))).toEqual(['Transpose', 'FusedMatMul']);
    await expectSame(fn, { a: normals([3, 4], 'a'), b: normals([3, 768], 'b') });
  });

  it('undoes a transpose of a transpose in a product', async () => {
    const fn = ({ a, b }: Inputs) => ({ y: tf.matMul(of(a), of(b).transpose(), false, true) });
    expect(operations(traced(fn, { a: [3, 4], b: [4, 5] }))).toEqual(['MatMul']);
    await expectSame(fn, { a: normals([3, 4], 'a'), b: normals([4, 5], 'b') });
  });

  it('keeps a transpose that is no swap of the last two axes', async () => {
    const fn = ({ a, b }: Inputs) => ({ y: tf.matMul(of(a).transpose([1, 0, 2]), of(b)) });
    expect(operations(traced(fn, { a: [3, 2, 4], b: [2, 4, 5] }))).toEqual(['Transpose', 'MatMul']);
    await expectSame(fn, { a: normals([3, 2, 4], 'a'), b: normals([2, 4, 5], 'b') });
  });

  it('has no transpose before a product in a gradient either', () => {
    const fn = ({ x, w }: Inputs) => {
      const [dx, dw] = tf.grads((p: tf.Tensor, q: tf.Tensor) => tf.matMul(p, q, false, true).square().sum())([
        of(x),
        of(w),
      ]);
      return { dx: of(dx), dw: of(dw) };
    };
    expect(operations(traced(fn, { x: [6, 4], w: [5, 4] }))).not.toContain('Transpose');
  });
});

describe('a function that cannot be compiled is refused with an error that names it', () => {
  const message = (fn: (inputs: Inputs) => Record<string, tf.Tensor>, shape: number[]): string => {
    try {
      traced(fn, { x: shape });
    } catch (error) {
      return (error as Error).message;
    }
    return 'it was compiled';
  };

  it('and the operation that has no compiled form', () => {
    const resized = ({ x }: Inputs) => ({ y: tf.image.resizeBilinear(of(x) as tf.Tensor4D, [4, 4]) });
    expect(message(resized, [1, 2, 2, 1])).toBe(
      'cannot compile a function: the operation ResizeBilinear has no compiled form',
    );
    expect(message(({ x }) => ({ y: tf.unique(of(x)).values }), [3])).toBe(
      'cannot compile a function: the operation Unique has no compiled form',
    );
  });

  it('where it reads values', () => {
    const wanted = 'cannot compile a function: a traced function must not read the values of a tensor';
    expect(message(({ x }) => ({ y: of(x).mul(of(x).dataSync()[0] as number) }), [3])).toContain(wanted);
    expect(message(({ x }) => ({ y: tf.scalar(of(x).sum().arraySync() as number) }), [3])).toContain(wanted);
  });

  it('where it uses a tensor of an earlier trace', () => {
    let kept: tf.Tensor | undefined;
    const keeping = ({ x }: Inputs) => {
      kept = tf.keep(of(x).exp());
      return { y: kept };
    };
    traced(keeping, { x: [3] });
    expect(message(({ x }) => ({ y: of(x).add(of(kept)) }), [3])).toContain('a tensor of an earlier trace');
  });

  it('where it gives a tensor of a type that no program has', () => {
    expect(message(({ x }) => ({ y: tf.complex(of(x), of(x)) }), [3])).toMatch(
      /^cannot compile a function: .*omplex/,
    );
  });
});
