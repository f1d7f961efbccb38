/** @file Elementwise kernels; broadcasts are left to the operators. */

import type { DataType } from '../../base/host-tensor.js';
import type { GraphBuilder, Value, ValueType } from '../graph.js';
import type { OnnxOperator } from '../onnx-operators.js';
import * as tf from '../ops.js';
import { defineLowering, need } from './register.js';

/** ONNX TensorProto.DataType numbers. */
export const onnxTypes: Readonly<Record<ValueType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  uint32: 12,
};

const broadcastShape = (a: readonly number[], b: readonly number[]): number[] =>
  tf.broadcast_util.assertAndGetBroadcastShape([...a], [...b]);

const scalarOf = (value: Value): number | undefined => {
  const source = value.broadcastOf ?? value;
  return source.data !== undefined && source.shape.length === 0 ? Number(source.data[0]) : undefined;
};

/** A node over several values that broadcast against each other, on the smallest values that give the shape. */
function broadcasting(
  graph: GraphBuilder,
  op: OnnxOperator,
  values: readonly Value[],
  type: ValueType,
): Value {
  const shape = values.map((value) => value.shape).reduce(broadcastShape, []);
  const sources = values.map((value) => value.broadcastOf ?? value);
  const smallShape = sources.map((value) => value.shape).reduce(broadcastShape, []);
  if (smallShape.join() === shape.join()) return graph.emit(op, sources, shape, type);
  if (values.every((value) => value.broadcastOf !== undefined)) {
    return graph.expand(graph.emit(op, sources, smallShape, type), shape);
  }
  // Keep only the expansions that the shape needs.
  const kept = [...values];
  for (let i = 0; i < kept.length; i++) {
    const tried = kept.map((value, j) => (i === j ? (value.broadcastOf ?? value) : value));
    if (
      tried
        .map((value) => value.shape)
        .reduce(broadcastShape, [])
        .join() === shape.join()
    )
      kept[i] = tried[i] as Value;
  }
  return graph.emit(op, kept, shape, type);
}

export const add = (graph: GraphBuilder, a: Value, b: Value): Value => arithmetic(graph, 'Add', a, b);
export const multiply = (graph: GraphBuilder, a: Value, b: Value): Value => arithmetic(graph, 'Mul', a, b);

/** Add, Sub, Mul, Div without the work that changes nothing (x + 0, x * 1, x / 1). */
function arithmetic(graph: GraphBuilder, op: OnnxOperator, a: Value, b: Value): Value {
  const shape = broadcastShape(a.shape, b.shape);
  const neutral = op === 'Add' || op === 'Sub' ? 0 : 1;
  if (scalarOf(b) === neutral) return graph.expand(a, shape);
  if ((op === 'Add' || op === 'Mul') && scalarOf(a) === neutral) return graph.expand(b, shape);
  return broadcasting(graph, op, [a, b], a.type);
}

for (const [kernel, op] of [
  ['Add', 'Add'],
  ['Sub', 'Sub'],
  ['Multiply', 'Mul'],
  ['RealDiv', 'Div'],
] as const) {
  defineLowering(kernel, (graph, inputs) => arithmetic(graph, op, need(inputs, 'a'), need(inputs, 'b')));
}

for (const [kernel, op] of [
  ['Maximum', 'Max'],
  ['Minimum', 'Min'],
  ['Pow', 'Pow'],
] as const) {
  defineLowering(kernel, (graph, inputs) => {
    const [a, b] = [need(inputs, 'a'), need(inputs, 'b')];
    return broadcasting(graph, op, [a, b], a.type);
  });
}

for (const [kernel, op] of [
  ['Less', 'Less'],
  ['LessEqual', 'LessOrEqual'],
  ['Greater', 'Greater'],
  ['GreaterEqual', 'GreaterOrEqual'],
  ['Equal', 'Equal'],
  ['LogicalAnd', 'And'],
  ['LogicalOr', 'Or'],
] as const) {
  defineLowering(kernel, (graph, inputs) =>
    broadcasting(graph, op, [need(inputs, 'a'), need(inputs, 'b')], 'bool'),
  );
}

defineLowering('AddN', (graph, inputs) => {
  const [first, ...rest] = Object.values(inputs);
  if (first === undefined) throw new Error('nothing to add');
  return rest.reduce((sum, value) => arithmetic(graph, 'Add', sum, value), first);
});

defineLowering('NotEqual', (graph, inputs) => {
  const equal = broadcasting(graph, 'Equal', [need(inputs, 'a'), need(inputs, 'b')], 'bool');
  return graph.emit('Not', [equal], equal.shape, 'bool');
});

defineLowering('SquaredDifference', (graph, inputs) => {
  const difference = arithmetic(graph, 'Sub', need(inputs, 'a'), need(inputs, 'b'));
  return multiply(graph, difference, difference);
});

/** A node of one input; done once on the small value where the input is a broadcast. */
export function unary(graph: GraphBuilder, op: OnnxOperator, x: Value, type: ValueType = x.type): Value {
  const source = x.broadcastOf ?? x;
  return graph.expand(graph.emit(op, [source], source.shape, type), x.shape);
}

for (const [kernel, op] of [
  ['Exp', 'Exp'],
  ['Log', 'Log'],
  ['Sqrt', 'Sqrt'],
  ['Erf', 'Erf'],
  ['Neg', 'Neg'],
  ['Sigmoid', 'Sigmoid'],
  ['Tanh', 'Tanh'],
  ['Relu', 'Relu'],
  ['Abs', 'Abs'],
  ['Floor', 'Floor'],
  ['Sign', 'Sign'],
  ['Sin', 'Sin'],
  ['Cos', 'Cos'],
  ['Reciprocal', 'Reciprocal'],
  ['LogicalNot', 'Not'],
  ['IsNan', 'IsNaN'],
  ['Softplus', 'Softplus'],
] as const) {
  defineLowering(kernel, (graph, inputs) => {
    const x = need(inputs, 'x');
    return unary(graph, op, x, kernel === 'IsNan' ? 'bool' : x.type);
  });
}

defineLowering('Identity', (_graph, inputs) => need(inputs, 'x'));

defineLowering('Square', (graph, inputs) => multiply(graph, need(inputs, 'x'), need(inputs, 'x')));

defineLowering('Rsqrt', (graph, inputs) =>
  unary(graph, 'Reciprocal', unary(graph, 'Sqrt', need(inputs, 'x'))),
);

defineLowering('Log1p', (graph, inputs) =>
  unary(graph, 'Log', add(graph, need(inputs, 'x'), graph.scalar(1))),
);

defineLowering('Step', (graph, inputs, { alpha }) => {
  const x = need(inputs, 'x');
  const positive = broadcasting(graph, 'Greater', [x, graph.scalar(0)], 'bool');
  return broadcasting(
    graph,
    'Where',
    [positive, graph.scalar(1), graph.scalar(Number(alpha ?? 0))],
    'float32',
  );
});

defineLowering('ClipByValue', (graph, inputs, { clipValueMin, clipValueMax }) => {
  const x = need(inputs, 'x');
  const bounds = [graph.scalar(Number(clipValueMin), x.type), graph.scalar(Number(clipValueMax), x.type)];
  return graph.emit('Clip', [x, ...bounds], x.shape, x.type);
});

defineLowering('Select', (graph, inputs) => {
  const [condition, yes, no] = [need(inputs, 'condition'), need(inputs, 't'), need(inputs, 'e')];
  return broadcasting(graph, 'Where', [condition, yes, no], yes.type);
});

/** `value` in another type. */
export function cast(graph: GraphBuilder, value: Value, type: ValueType): Value {
  if (value.type === type) return value;
  const source = value.broadcastOf ?? value;
  const result = graph.emit('Cast', [source], source.shape, type, {
    attributes: { to: { int: onnxTypes[type] } },
  });
  return graph.expand(result, value.shape);
}

defineLowering('Cast', (graph, inputs, { dtype }) => cast(graph, need(inputs, 'x'), dtype as DataType));

for (const [kernel, value] of [
  ['ZerosLike', 0],
  ['OnesLike', 1],
] as const) {
  defineLowering(kernel, (graph, inputs) => {
    const x = need(inputs, 'x');
    return graph.expand(graph.scalar(value, x.type), x.shape);
  });
}

defineLowering('Fill', (graph, _inputs, { shape, value, dtype }) =>
  graph.expand(graph.scalar(Number(value), (dtype ?? 'float32') as DataType), shape as number[]),
);
