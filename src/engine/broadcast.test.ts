/** @file Broadcasts that are folded into the operators: no value changes. */

import fc from 'fast-check';
import { describe, it } from 'vitest';
import { float32 } from '../base/host-tensor.js';
import { expectSame, normals } from './engines.fixture.js';
import * as tf from './ops.js';

type Inputs = Record<string, tf.Tensor>;

const of = (tensor: tf.Tensor | undefined): tf.Tensor => tensor as tf.Tensor;

describe('broadcasts that are folded', () => {
  const dims = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 });
  /** A shape, and another that broadcasts to it: leading axes left out, some axes of size 1. */
  const pairs = dims.chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      fc
        .tuple(fc.nat({ max: shape.length }), fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }))
        .map(([dropped, thin]) => shape.map((dim, i) => (thin[i] ? 1 : dim)).slice(dropped)),
    ),
  );

  it('change no value, for any shapes', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async ([shape, small]) => {
        const fn = ({ x, s }: Inputs) => {
          const [wide, one] = [of(x), of(s)];
          return {
            plusZeros: one.add(tf.zeros(shape)),
            timesOnes: tf.ones(shape).mul(one),
            overOnes: one.div(tf.ones(shape)),
            minusZeros: one.sub(tf.zeros(shape)).add(wide),
            expanded: one
              .add(tf.zeros(small))
              .broadcastTo(shape)
              .broadcastTo([2, ...shape]),
            filled: tf.fill(shape, 2).add(tf.fill(small, 3)).mul(wide),
            selected: tf.where(one.greater(0).broadcastTo(shape), wide, tf.fill(shape, 7)),
            summed: one.broadcastTo(shape).sum(),
            exponents: one.broadcastTo(shape).exp().add(wide),
          };
        };
        await expectSame(fn, { x: normals(shape, 'x'), s: normals(small, 's') });
      }),
      { numRuns: 25 },
    );
  });

  it('reach scalars', async () => {
    await expectSame(
      ({ x }) => ({ y: of(x).add(0), z: of(x).mul(1).broadcastTo([1]), w: of(x).broadcastTo([2, 1]) }),
      {
        x: float32([], [3]),
      },
    );
  });
});
