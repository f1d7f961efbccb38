/** @file Kernels that move data without changing it: reshape, slice, join, transpose, gather. */

import { type DataType, sizeOf } from '../../base/host-tensor.js';
import type { GraphBuilder, Value } from '../graph.js';
import * as tf from '../ops.js';
import { cast } from './elementwise.js';
import { defineLowering, need } from './register.js';

export function reshape(graph: GraphBuilder, x: Value, shape: readonly number[]): Value {
  if (x.shape.join() === shape.join()) return x;
  const scalar = x.broadcastOf?.shape.length === 0 ? x.broadcastOf : undefined;
  if (scalar !== undefined) return graph.expand(scalar, shape);
  // A reshape of a reshape is the second one alone.
  const source = x.producer?.op === 'Reshape' ? (x.producer.inputs[0] as Value) : x;
  if (source.shape.join() === shape.join()) return source;
  return graph.emit('Reshape', [source, graph.int64s(shape)], shape, x.type);
}

export function transpose(graph: GraphBuilder, x: Value, perm: readonly number[]): Value {
  if (perm.every((axis, i) => axis === i)) return x;
  const inner = x.producer?.op === 'Transpose' ? x.producer : undefined;
  const before = inner?.attributes.perm;
  if (inner !== undefined && before !== undefined && 'ints' in before) {
    const joined = perm.map((axis) => before.ints[axis] as number);
    return transpose(graph, inner.inputs[0] as Value, joined);
  }
  const shape = perm.map((axis) => x.shape[axis] as number);
  return graph.emit('Transpose', [x], shape, x.type, { attributes: { perm: { ints: perm } } });
}

/** x[begin, begin + size) on one axis. */
export function sliceAxis(graph: GraphBuilder, x: Value, axis: number, begin: number, size: number): Value {
  return slice(
    graph,
    x,
    x.shape.map((_, i) => (i === axis ? begin : 0)),
    x.shape.map((dim, i) => (i === axis ? size : dim)),
  );
}

function slice(graph: GraphBuilder, x: Value, begin: readonly number[], size: readonly number[]): Value {
  const axes = x.shape.flatMap((dim, axis) => (begin[axis] === 0 && size[axis] === dim ? [] : [axis]));
  if (axes.length === 0) return x;
  const starts = axes.map((axis) => begin[axis] as number);
  const ends = axes.map((axis) => (begin[axis] as number) + (size[axis] as number));
  return graph.emit('Slice', [x, graph.int64s(starts), graph.int64s(ends), graph.int64s(axes)], size, x.type);
}

export function concat(graph: GraphBuilder, values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first === undefined) throw new Error('nothing to join');
  if (values.length === 1) return first;
  const shape = first.shape.map((dim, i) =>
    i === axis ? values.reduce((sum, value) => sum + (value.shape[axis] as number), 0) : dim,
  );
  return graph.emit('Concat', values, shape, first.type, { attributes: { axis: { int: axis } } });
}

defineLowering('Reshape', (graph, inputs, { shape }) => {
  const x = need(inputs, 'x');
  return reshape(graph, x, tf.util.inferFromImplicitShape(shape as number[], sizeOf(x.shape)));
});

defineLowering('ExpandDims', (graph, inputs, { dim }) => {
  const input = need(inputs, 'input');
  const shape = [...input.shape];
  shape.splice((dim as number) < 0 ? shape.length + (dim as number) + 1 : (dim as number), 0, 1);
  return reshape(graph, input, shape);
});

defineLowering('Transpose', (graph, inputs, { perm }) =>
  transpose(graph, need(inputs, 'x'), perm as number[]),
);

defineLowering('Slice', (graph, inputs, { begin, size }) => {
  const x = need(inputs, 'x');
  const starts = begin as number[];
  const sizes = (size as number[]).map((n, i) =>
    n === -1 ? (x.shape[i] as number) - (starts[i] as number) : n,
  );
  return slice(graph, x, starts, sizes);
});

defineLowering('Concat', (graph, inputs, { axis }) => {
  const values = Object.values(inputs);
  const rank = values[0]?.shape.length ?? 0;
  return concat(graph, values, (axis as number) < 0 ? (axis as number) + rank : (axis as number));
});

defineLowering('Pack', (graph, inputs, { axis }) => {
  const values = Object.values(inputs);
  const at = (axis as number) < 0 ? (axis as number) + (values[0]?.shape.length ?? 0) + 1 : (axis as number);
  const rows = values.map((x) => reshape(graph, x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]));
  return concat(graph, rows, at);
});

defineLowering('Unpack', (graph, inputs, { axis }) => {
  const value = need(inputs, 'value');
  const at = (axis as number) < 0 ? (axis as number) + value.shape.length : (axis as number);
  const shape = value.shape.filter((_, i) => i !== at);
  return Array.from({ length: value.shape[at] as number }, (_, i) =>
    reshape(graph, sliceAxis(graph, value, at, i, 1), shape),
  );
});

defineLowering('SplitV', (graph, inputs, { numOrSizeSplits, axis }) => {
  const x = need(inputs, 'x');
  const at = tf.util.parseAxisParam(axis as number, [...x.shape])[0] as number;
  let begin = 0;
  return tf.backend_util
    .prepareSplitSize({ shape: [...x.shape] } as tf.Tensor, numOrSizeSplits as number, at)
    .map((size) => {
      const part = sliceAxis(graph, x, at, begin, size);
      begin += size;
      return part;
    });
});

defineLowering('PadV2', (graph, inputs, { paddings, constantValue }) => {
  const x = need(inputs, 'x');
  const pads = paddings as [number, number][];
  const shape = x.shape.map((dim, i) => dim + (pads[i]?.[0] ?? 0) + (pads[i]?.[1] ?? 0));
  if (shape.join() === x.shape.join()) return x;
  const amounts = graph.int64s([...pads.map((pad) => pad[0]), ...pads.map((pad) => pad[1])]);
  return graph.emit('Pad', [x, amounts, graph.scalar(Number(constantValue), x.type)], shape, x.type);
});

defineLowering('Tile', (graph, inputs, { reps }) => {
  const x = need(inputs, 'x');
  const times = reps as number[];
  const shape = x.shape.map((dim, i) => dim * (times[i] ?? 1));
  if (x.shape.every((dim, i) => dim === 1 || times[i] === 1)) return graph.expand(x, shape);
  return graph.emit('Tile', [x, graph.int64s(times)], shape, x.type);
});

defineLowering('GatherV2', (graph, inputs, { axis, batchDims }) => {
  if (batchDims !== undefined && batchDims !== 0)
    throw new Error('gather with batch dimensions cannot be compiled');
  const [x, indices] = [need(inputs, 'x'), need(inputs, 'indices')];
  const at = tf.util.parseAxisParam(axis as number, [...x.shape])[0] as number;
  const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
  return graph.emit('Gather', [x, indices], shape, x.type, { attributes: { axis: { int: at } } });
});

defineLowering('Reverse', (graph, inputs, { dims }) => {
  const x = need(inputs, 'x');
  const axes = tf.util.parseAxisParam(dims as number[], [...x.shape]);
  const ends = axes.map(() => Number.MIN_SAFE_INTEGER);
  const operands = [axes.map(() => -1), ends, axes, axes.map(() => -1)].map((values) => graph.int64s(values));
  return graph.emit('Slice', [x, ...operands], x.shape, x.type);
});

defineLowering('OneHot', (graph, inputs, { depth, onValue, offValue, dtype }) => {
  const indices = need(inputs, 'indices');
  const type = (dtype ?? 'float32') as DataType;
  const shape = [...indices.shape, depth as number];
  const count = graph.constant([depth as number], [], 'int64');
  // The runtime has this operator for floats alone.
  const values = graph.constant([Number(offValue ?? 0), Number(onValue ?? 1)], [2], 'float32');
  // The operator counts indices below zero from the end. Nothing is to be hot there: unsigned they are beyond any depth.
  const places = cast(graph, cast(graph, indices, 'uint32'), 'int64');
  const floats = graph.emit('OneHot', [places, count, values], shape, 'float32', {
    attributes: { axis: { int: -1 } },
  });
  return cast(graph, floats, type);
});
