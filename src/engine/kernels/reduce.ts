/** @file Reductions, softmax, cumulative sums. */

import type { GraphBuilder, Value } from '../graph.js';
import type { OnnxOperator } from '../onnx-operators.js';
import * as tf from '../ops.js';
import { cast } from './elementwise.js';
import { defineLowering, need } from './register.js';
import { reshape } from './shape.js';

function reduce(graph: GraphBuilder, op: OnnxOperator, x: Value, axis: unknown, keepDims: unknown): Value {
  const axes = tf.util.parseAxisParam(axis as number[], [...x.shape]);
  const kept = x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
  const shape = keepDims ? kept : x.shape.filter((_, i) => !axes.includes(i));
  if (axes.length === 0 || (kept.join() === x.shape.join() && op !== 'ReduceProd'))
    return reshape(graph, x, shape);
  return graph.emit(op, [x, graph.int64s(axes)], shape, x.type, {
    attributes: { keepdims: { int: keepDims ? 1 : 0 } },
  });
}

for (const [kernel, op] of [
  ['Sum', 'ReduceSum'],
  ['Mean', 'ReduceMean'],
  ['Max', 'ReduceMax'],
  ['Min', 'ReduceMin'],
  ['Prod', 'ReduceProd'],
] as const) {
  defineLowering(kernel, (graph, inputs, { axis, reductionIndices, keepDims }) => {
    const x = need(inputs, 'x');
    const type = kernel === 'Mean' ? 'float32' : x.type === 'bool' ? 'int32' : x.type;
    // TensorFlow.js calls the axes of Max by another name.
    return reduce(graph, op, cast(graph, x, type), axis ?? reductionIndices, keepDims);
  });
}

for (const [kernel, over] of [
  ['All', 'ReduceMin'],
  ['Any', 'ReduceMax'],
] as const) {
  defineLowering(kernel, (graph, inputs, { axis, keepDims }) =>
    cast(graph, reduce(graph, over, cast(graph, need(inputs, 'x'), 'int32'), axis, keepDims), 'bool'),
  );
}

for (const [kernel, op] of [
  ['ArgMax', 'ArgMax'],
  ['ArgMin', 'ArgMin'],
] as const) {
  defineLowering(kernel, (graph, inputs, { axis }) => {
    const x = need(inputs, 'x');
    const at = tf.util.parseAxisParam(axis as number, [...x.shape])[0] as number;
    const shape = x.shape.filter((_, i) => i !== at);
    const index = graph.emit(op, [x], shape, 'int64', {
      attributes: { axis: { int: at }, keepdims: { int: 0 } },
    });
    return cast(graph, index, 'int32');
  });
}

defineLowering('Softmax', (graph, inputs, { dim }) => {
  const logits = need(inputs, 'logits');
  const axis = tf.util.parseAxisParam(Number(dim ?? -1), [...logits.shape])[0] as number;
  return graph.emit('Softmax', [logits], logits.shape, 'float32', { attributes: { axis: { int: axis } } });
});

defineLowering('Cumsum', (graph, inputs, { axis, exclusive, reverse }) => {
  const x = need(inputs, 'x');
  const at = tf.util.parseAxisParam(axis as number, [...x.shape])[0] as number;
  return graph.emit('CumSum', [x, graph.constant([at], [], 'int64')], x.shape, x.type, {
    attributes: { exclusive: { int: exclusive ? 1 : 0 }, reverse: { int: reverse ? 1 : 0 } },
  });
});
