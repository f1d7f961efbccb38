/** @file Rows cut into windows of one size, one after the other: how many there are is known to the run alone. */
import { defineLowering, need } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import type * as tf from '../engine/ops.js';
import { withGradient } from './custom.js';
import { cutLike, lengthOf } from './cut.js';

const countOf = (length: number, size: number): number => Math.ceil(length / size);

defineLowering('Windows', (graph, inputs, attributes) => {
  const x = need(inputs, 'x');
  const size = Number(attributes.size);
  const [batch, length] = x.shape as [number, number];
  const count = countOf(length, size);
  // What is missing to a whole number of windows: -length modulo their size.
  const negative = graph.emit('Neg', [lengthOf(graph, x, 1)], [1], 'int64');
  const missing = graph.emit('Mod', [negative, graph.int64s([size])], [1], 'int64');
  const amounts = graph.emit('Concat', [graph.int64s([0, 0, 0]), missing], [4], 'int64', {
    attributes: { axis: { int: 0 } },
  });
  const padded = graph.emit('Pad', [x, amounts, graph.scalar(0, x.type)], [batch, count * size], x.type);
  return graph.emit('Reshape', [padded, graph.int64s([-1, size])], [batch * count, size], x.type);
});

/**
 * Windows of `size` steps; the last one of a row ends with zeros.
 * @param x [batch, steps]
 * @returns [batch * windows, size], those of a row after each other
 */
export function windows(x: tf.Tensor, size: number): tf.Tensor {
  const [batch, length] = x.shape as [number, number];
  const count = countOf(length, size);
  return withGradient(
    [x],
    () => {
      const [value] = lowered('Windows', { x }, { size }, () => [
        x
          .pad([
            [0, 0],
            [0, count * size - length],
          ])
          .reshape([batch * count, size]),
      ]);
      return { value: value as tf.Tensor, saved: [] };
    },
    (dy) => [dy.reshape([batch, count * size]).slice([0, 0], [batch, length])],
  );
}

/**
 * Windows of frames put together again.
 * @param x [batch * windows, frames of a window, width]
 * @param like [batch, frames, ...]: as many frames are kept
 * @returns [batch, frames, width]
 */
export function joined(x: tf.Tensor, like: tf.Tensor): tf.Tensor {
  const [rows, frames, width] = x.shape as [number, number, number];
  const batch = like.shape[0] as number;
  return cutLike(x.reshape([batch, (rows / batch) * frames, width]), 1, like, 1);
}
