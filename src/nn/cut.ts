/** @file A tensor cut to the length of another: a length that only the run knows, in a program of every length. */
import type { GraphBuilder, Value } from '../engine/graph.js';
import { defineLowering, need } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import type * as tf from '../engine/ops.js';
import { withGradient } from './custom.js';

/** The length of an axis, read while the program runs: int64 [1]. */
export function lengthOf(graph: GraphBuilder, x: Value, axis: number): Value {
  const shape = graph.emit('Shape', [x], [x.shape.length], 'int64');
  return graph.emit('Gather', [shape, graph.int64s([axis])], [1], 'int64', {
    attributes: { axis: { int: 0 } },
  });
}

defineLowering('CutLike', (graph, inputs, attributes) => {
  const [x, like] = [need(inputs, 'x'), need(inputs, 'like')];
  const [axis, likeAxis] = [Number(attributes.axis), Number(attributes.likeAxis)];
  const shape = x.shape.map((length, i) => (i === axis ? (like.shape[likeAxis] as number) : length));
  const operands = [graph.int64s([0]), lengthOf(graph, like, likeAxis), graph.int64s([axis])];
  return graph.emit('Slice', [x, ...operands], shape, x.type);
});

/**
 * The first steps of `x` along `axis`: as many as `like` has along `likeAxis`, which are no more than those of `x`.
 * @returns the shape of x, but for that axis
 */
export function cutLike(x: tf.Tensor, axis: number, like: tf.Tensor, likeAxis: number): tf.Tensor {
  const begin = x.shape.map(() => 0);
  const [whole, kept] = [x.shape[axis] as number, like.shape[likeAxis] as number];
  return withGradient(
    [x],
    () => {
      const [value] = lowered('CutLike', { x, like }, { axis, likeAxis }, () => [
        x.slice(
          begin,
          x.shape.map((length, i) => (i === axis ? kept : length)),
        ),
      ]);
      return { value: value as tf.Tensor, saved: [] };
    },
    (dy) => [dy.pad(begin.map((_, i): [number, number] => [0, i === axis ? whole - kept : 0]))],
  );
}
