/** @file Loops over time: a Scan when compiled, a JavaScript loop when eager. */

import { describe, expect, it } from 'vitest';
import { float32 } from '../base/host-tensor.js';
import { distance, normals, runOn } from './engines.fixture.js';
import * as tf from './ops.js';
import { scan } from './scan.js';
import { trace } from './trace.js';

type Inputs = { x: tf.Tensor; start: tf.Tensor; w: tf.Tensor };
type Outputs = Record<string, tf.Tensor>;

const inputs = { x: normals([6, 2], 'x'), start: normals([2], 'start'), w: normals([2, 2], 'w', 0.5) };
const first = (tensors: tf.Tensor[]): tf.Tensor => tensors[0] as tf.Tensor;

/** s' = s w + x; gives s' and x at every step. The matrix is a value from outside the loop. */
const recurrence =
  (reverse: boolean) =>
  ({ x, start, w }: Inputs): Outputs => {
    const outside = w.mul(0.5);
    const { state, outputs } = scan(
      (before, slices) => {
        const next = tf
          .matMul(first(before).expandDims(0) as tf.Tensor2D, outside as tf.Tensor2D)
          .squeeze([0])
          .add(first(slices));
        return { state: [next], outputs: [next, first(slices)] };
      },
      [start],
      [x],
      { reverse },
    );
    return {
      state: first(state),
      steps: first(outputs),
      seen: outputs[1] as tf.Tensor,
      outside: outside.exp(),
    };
  };

describe.each(['onnx', 'cpu', 'wasm'] as const)('a scan on %s', (engine) => {
  it('runs forwards: a running sum', async () => {
    const sum = ({ x }: { x: tf.Tensor }): Outputs => {
      const body = (state: tf.Tensor[], slices: tf.Tensor[]) => {
        const next = first(state).add(first(slices));
        return { state: [next], outputs: [next] };
      };
      const forwards = scan(body, [tf.scalar(0)], [x]);
      const backwards = scan(body, [tf.scalar(0)], [x], { reverse: true });
      return { f: first(forwards.outputs), b: first(backwards.outputs), total: first(backwards.state) };
    };
    expect(await runOn(engine, sum, { x: float32([4], [1, 2, 3, 4]) })).toEqual({
      f: float32([4], [1, 3, 6, 10]),
      b: float32([4], [10, 9, 7, 4]),
      total: float32([], [10]),
    });
  });

  it.each([false, true])('carries a state through values from outside (reverse: %s)', async (reverse) => {
    const [actual, expected] = [
      await runOn(engine, recurrence(reverse), inputs),
      await runOn('cpu', recurrence(reverse), inputs),
    ];
    for (const [name, value] of Object.entries(expected))
      expect(distance(actual[name], value), name).toBeLessThan(1e-5);
    expect(actual.seen).toEqual(inputs.x);
  });

  it('uses constants first met inside the body outside it, and the other way round', async () => {
    const fn = ({ x }: { x: tf.Tensor }): Outputs => {
      const [inside, both] = [tf.tensor1d([2, 3]), tf.tensor1d([5, 7])];
      const before = x.add(both);
      const body = (state: tf.Tensor[], slices: tf.Tensor[]) => {
        const next = first(state).mul(inside).add(first(slices)).sub(both);
        return { state: [next], outputs: [next.mul(inside.exp())] };
      };
      const { state, outputs } = scan(body, [both], [before]);
      return { a: first(state).add(inside), b: first(outputs).add(both), c: x.mul(inside.exp()) };
    };
    const [actual, expected] = [
      await runOn(engine, fn, { x: inputs.x }),
      await runOn('cpu', fn, { x: inputs.x }),
    ];
    for (const [name, value] of Object.entries(expected))
      expect(distance(actual[name], value), name).toBeLessThan(1e-5);
  });

  it('gives back a state or a slice as it came, and one value as several outputs', async () => {
    const fn = ({ x }: { x: tf.Tensor }): Outputs => {
      const { state, outputs } = scan(
        (before, slices) => ({
          state: [first(slices), before[1] as tf.Tensor],
          outputs: [first(slices), first(slices), first(before)],
        }),
        [tf.scalar(0), tf.scalar(9)],
        [x],
      );
      return {
        last: first(state),
        still: state[1] as tf.Tensor,
        a: first(outputs),
        b: outputs[1] as tf.Tensor,
        late: outputs[2] as tf.Tensor,
      };
    };
    expect(await runOn(engine, fn, { x: float32([3], [4, 5, 6]) })).toEqual({
      last: float32([], [6]),
      still: float32([], [9]),
      a: float32([3], [4, 5, 6]),
      b: float32([3], [4, 5, 6]),
      late: float32([3], [0, 4, 5]),
    });
  });

  it('stands inside another scan', async () => {
    const fn = ({ x }: { x: tf.Tensor }): Outputs => {
      const doubled = x.mul(2);
      const outer = scan(
        (state, slices) => {
          const inner = scan(
            (sum, parts) => ({ state: [first(sum).add(first(parts).mul(first(state)))], outputs: [] }),
            [tf.scalar(1)],
            [first(slices)],
          );
          return { state: [first(inner.state).add(doubled.sum())], outputs: [] };
        },
        [tf.scalar(1)],
        [x],
      );
      return { y: first(outer.state) };
    };
    // Rows [1, 2], [3, 4], all doubled 20: 1 + 1*1 + 2*1 + 20 = 24; 1 + 3*24 + 4*24 + 20 = 189.
    expect(await runOn(engine, fn, { x: float32([2, 2], [1, 2, 3, 4]) })).toEqual({ y: float32([], [189]) });
  });
});

it('a scan is one node, however many steps it has', () => {
  const specs = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [name, { shape, dtype }]),
  );
  const { nodes } = trace('recurrence', recurrence(false), specs);
  expect(nodes.filter(({ op }) => op === 'Scan')).toHaveLength(1);
  expect(nodes.length).toBeLessThan(5);
});

it('a scan over nothing is refused', () => {
  expect(() => scan(() => ({ state: [], outputs: [] }), [], [])).toThrow('scan needs a sequence');
});
