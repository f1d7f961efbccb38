import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.js';
import { createEngine } from './create.js';
import { float32, floatsOf, type HostTensor } from './tree.js';

const noise = (shape: number[], purpose: string): HostTensor => {
  const random = randomStream(1, purpose);
  return float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
  );
};

describe('the compiling engine', async () => {
  const onnx = await createEngine('onnx', { threads: 1 });
  const wasm = await createEngine('wasm');

  it('gives what the eager engine gives, gradients too', async () => {
    const fn = ({ x, w }: { x: tf.Tensor; w: tf.Tensor }) => {
      const f = (p: tf.Tensor) => {
        const h = tf.matMul(x.reshape([6, 4]), p).reshape([2, 3, 5]);
        return tf
          .softmax(h)
          .mul(h)
          .sum(-1)
          .square()
          .mean()
          .add(
            h
              .sub(h.mean([1], true))
              .abs()
              .mean(),
          );
      };
      const { value, grad } = tf.valueAndGrad(f as (x: tf.Tensor) => tf.Tensor<tf.Rank.R0>)(w);
      return { value, grad };
    };
    const inputs = { x: noise([2, 3, 4], 'x'), w: noise([4, 5], 'w') };
    const [a, b] = await Promise.all(
      [onnx, wasm].map((engine) => engine.compile(fn, { name: 'loss' }).run(inputs)),
    );
    expect(floatsOf(a!.value)[0]).toBeCloseTo(floatsOf(b!.value)[0]!, 5);
    floatsOf(a!.grad).forEach((x, i) => {
      expect(x).toBeCloseTo(floatsOf(b!.grad)[i]!, 5);
    });
  });
});
