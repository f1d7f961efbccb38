/** @file Operations with a gradient written by hand. */
import * as tf from '../engine/ops.js';

/** What the forward pass gives: its value, and what the gradient will need. */
export interface Forward {
  readonly value: tf.Tensor;
  readonly saved: readonly tf.Tensor[];
}

/**
 * The value of `forward`, whose gradient is `gradient`.
 * @param gradient from the gradient of the value and the saved tensors, one gradient an input
 */
export function withGradient(
  inputs: readonly tf.Tensor[],
  forward: () => Forward,
  gradient: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[],
): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const save = args.at(-1) as (tensors: tf.Tensor[]) => void;
    const { value, saved } = forward();
    save([...saved]);
    return { value, gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => gradient(dy, kept) };
  });
  return op(...inputs);
}

/** f(x), through which no gradient goes back: for the tape it is made of nothing. */
export function detached(x: tf.Tensor, f: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  return withGradient(
    [tf.scalar(0)],
    () => ({ value: f(x), saved: [] }),
    (dy) => [dy.mul(0).sum()],
  );
}
