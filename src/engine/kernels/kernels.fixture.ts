/** @file A small case for every TensorFlow.js kernel that has a compiled form. */

import { float32, type HostTensor, int32 } from '../../base/host-tensor.js';
import { normals } from '../engines.fixture.js';
import * as tf from '../ops.js';

export interface KernelCase {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, HostTensor>>;
  readonly fn: (inputs: Record<string, tf.Tensor>) => tf.Tensor | tf.Tensor[];
  /** Compare gradients of the float inputs too. Default true. */
  readonly differentiable?: boolean;
  /** Eager engines to compare with. Default both. */
  readonly oracles?: readonly ('wasm' | 'cpu')[];
}

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const x = normals([2, 3, 4], 'x');
const positive = float32(
  [2, 3],
  normals([2, 3], 'positive').data.map((value) => Math.abs(value) + 0.3),
);
const bools = (values: readonly number[]): HostTensor => ({
  dtype: 'bool',
  shape: [values.length],
  data: Uint8Array.from(values),
});

const unary = (kernel: string, fn: Unary, input: HostTensor = x, differentiable = true): KernelCase => ({
  kernel,
  inputs: { x: input },
  fn: (inputs) => fn(inputs.x as tf.Tensor),
  differentiable,
});

/** Of shapes that broadcast on both sides. */
const binary = (
  kernel: string,
  fn: Binary,
  a: HostTensor = normals([2, 1, 4], 'a'),
  b: HostTensor = normals([3, 1], 'b'),
  differentiable = true,
): KernelCase => ({
  kernel,
  inputs: { a, b },
  fn: (inputs) => fn(inputs.a as tf.Tensor, inputs.b as tf.Tensor),
  differentiable,
});

const someEqual = [int32([2, 3], [1, 2, 3, 4, 5, 6]), int32([3], [1, 5, 3])] as const;
const truths = [bools([0, 0, 1, 1]), bools([0, 1, 0, 1])] as const;

/** TensorFlow.js's own gradients of these do not sum over axes that were broadcast. */
const sameShape = [normals([2, 3], 'one'), normals([2, 3], 'other')] as const;

export const kernelCases: readonly KernelCase[] = [
  binary('Add', tf.add),
  binary('Sub', tf.sub),
  binary('Multiply', tf.mul),
  binary('RealDiv', tf.div, normals([2, 1, 4], 'a'), float32([3, 1], [0.5, -2, 1.5])),
  binary('Maximum', tf.maximum, sameShape[0], sameShape[1]),
  binary('Maximum', tf.maximum, undefined, undefined, false),
  binary('Minimum', tf.minimum, sameShape[0], sameShape[1]),
  binary('Minimum', tf.minimum, undefined, undefined, false),
  binary('SquaredDifference', tf.squaredDifference, sameShape[0], sameShape[1]),
  binary('SquaredDifference', tf.squaredDifference, undefined, undefined, false),
  binary('Pow', tf.pow, positive, float32([2, 1], [2, -0.5])),
  binary('Less', tf.less, ...someEqual, false),
  binary('LessEqual', tf.lessEqual, ...someEqual, false),
  binary('Greater', tf.greater, ...someEqual, false),
  binary('GreaterEqual', tf.greaterEqual, ...someEqual, false),
  binary('Equal', tf.equal, ...someEqual, false),
  binary('NotEqual', tf.notEqual, ...someEqual, false),
  binary('LogicalAnd', tf.logicalAnd, ...truths, false),
  binary('LogicalOr', tf.logicalOr, ...truths, false),
  unary('LogicalNot', tf.logicalNot, truths[1], false),
  unary('AddN', (z) => tf.addN([z, z.mul(2), z.square()])),
  unary('Exp', tf.exp),
  unary('Log', tf.log, positive),
  unary('Log1p', tf.log1p, positive),
  unary('Sqrt', tf.sqrt, positive),
  unary('Rsqrt', tf.rsqrt, positive),
  unary('Reciprocal', tf.reciprocal, positive),
  unary('Square', tf.square),
  unary('Erf', tf.erf),
  unary('Neg', tf.neg),
  unary('Sigmoid', tf.sigmoid),
  unary('Tanh', tf.tanh),
  unary('Softplus', tf.softplus),
  unary('Sin', tf.sin),
  unary('Cos', tf.cos),
  unary('Relu', tf.relu),
  unary('Abs', tf.abs),
  unary('Floor', tf.floor),
  unary('Sign', tf.sign),
  unary('Step', (z) => tf.step(z, 0.25)),
  unary('IsNan', tf.isNaN, float32([3], [1, Number.NaN, Number.POSITIVE_INFINITY]), false),
  unary('ClipByValue', (z) => tf.clipByValue(z, -0.5, 0.7)),
  unary('Identity', tf.clone),
  unary('ZerosLike', tf.zerosLike),
  unary('OnesLike', tf.onesLike),
  unary('Fill', (z) => z.mul(tf.fill([3, 4], 1.5))),
  unary('Cast', (z) => tf.cast(z.mul(3), 'int32'), x, false),
  unary('Cast', (z) => tf.cast(z, 'float32'), int32([3], [-1, 0, 7]), false),
  // WebAssembly's bool holds other bytes than 0 and 1 after this.
  { ...unary('Cast', (z) => tf.cast(z, 'bool'), float32([3], [0, -2, 0.5]), false), oracles: ['cpu'] },
  {
    kernel: 'Select',
    inputs: {
      c: { dtype: 'bool', shape: [2, 1], data: Uint8Array.of(1, 0) },
      a: normals([3], 'a'),
      b: positive,
    },
    fn: ({ c, a, b }) => tf.where(c as tf.Tensor, a as tf.Tensor, b as tf.Tensor),
  },
  binary('BatchMatMul', (a, b) => tf.matMul(a, b), normals([3, 4], 'a'), normals([4, 2], 'b')),
  binary('BatchMatMul', (a, b) => tf.matMul(a, b, true), normals([4, 3], 'a'), normals([4, 2], 'b')),
  binary(
    'BatchMatMul',
    (a, b) => tf.matMul(a, b, true, true),
    normals([2, 4, 3], 'a'),
    normals([2, 5, 4], 'b'),
  ),
  binary(
    'BatchMatMul',
    (a, b) => tf.matMul(a, b, false, true),
    normals([2, 1, 3, 4], 'a'),
    normals([2, 1, 5, 4], 'b'),
  ),
  unary('Reshape', (z) => tf.reshape(z, [4, -1])),
  unary('ExpandDims', (z) => tf.expandDims(z, -2)),
  unary('Transpose', (z) => tf.transpose(z, [2, 0, 1])),
  unary('Slice', (z) => tf.slice(z, [0, 1, 1], [2, -1, 2])),
  binary('Concat', (a, b) => tf.concat([a, b, a], -1), normals([2, 3], 'a'), normals([2, 1], 'b')),
  binary('Pack', (a, b) => tf.stack([a, b], 1), normals([2, 3], 'a'), normals([2, 3], 'b')),
  binary('Pack', (a, b) => tf.stack([a, b], -1), normals([2, 3], 'a'), normals([2, 3], 'b')),
  { kernel: 'Unpack', inputs: { x }, fn: (inputs) => tf.unstack(inputs.x as tf.Tensor, -2) },
  { kernel: 'SplitV', inputs: { x }, fn: (inputs) => tf.split(inputs.x as tf.Tensor, [1, 3], 2) },
  { kernel: 'SplitV', inputs: { x }, fn: (inputs) => tf.split(inputs.x as tf.Tensor, 2, -1) },
  unary('PadV2', (z) =>
    tf.pad(
      z,
      [
        [0, 0],
        [1, 2],
        [0, 3],
      ],
      0.5,
    ),
  ),
  unary('Tile', (z) => tf.tile(z, [2, 1, 3])),
  unary('Tile', (z) => tf.tile(z, [1, 4]), normals([3, 1], 'column')),
  binary('GatherV2', (a, b) => tf.gather(a, b.toInt(), 1), x, int32([2, 2], [2, 0, 1, 2]), false),
  unary('Reverse', (z) => tf.reverse(z, [0, -1])),
  unary('OneHot', (z) => tf.oneHot(z as tf.Tensor1D, 4, 2, -1), int32([3], [1, 3, 0]), false),
  unary('OneHot', (z) => tf.oneHot(z as tf.Tensor2D, 3, 1.5, 0.5, 'float32'), int32([2, 1], [2, 0]), false),
  unary('OneHot', (z) => tf.oneHot(z as tf.Tensor1D, 3), int32([6], [-1, 0, 2, 3, -3, -(2 ** 31)]), false),
  unary('Sum', (z) => tf.sum(z, [0, -1])),
  unary('Sum', (z) => tf.sum(z)),
  unary('Sum', (z) => tf.sum(z, 1, true), normals([3, 1, 2], 'thin')),
  unary('Sum', (z) => tf.sum(z), bools([1, 0, 1]), false),
  unary('Mean', (z) => tf.mean(z, 1, true)),
  unary('Mean', (z) => tf.mean(z), int32([4], [1, 2, 3, 5]), false),
  unary('Max', (z) => tf.max(z, 1)),
  unary('Min', (z) => tf.min(z, [0, 1])),
  unary('Prod', (z) => tf.prod(z, 1), positive, false),
  unary('All', (z) => tf.all(z), truths[1], false),
  unary('Any', (z) => tf.any(z), truths[1], false),
  unary('ArgMax', (z) => tf.argMax(z, -1), float32([2, 3], [1, 4, 4, -1, -2, -1]), false),
  unary('ArgMin', (z) => tf.argMin(z, 0), x, false),
  unary('Softmax', (z) => tf.softmax(z)),
  unary('Cumsum', (z) => tf.cumsum(z, 2)),
  unary('Cumsum', (z) => tf.cumsum(z, 2, true, true)),
  // TensorFlow.js's own gradient holds on the last axis only.
  unary('Cumsum', (z) => tf.cumsum(z, 1), x, false),
  unary('Cumsum', (z) => tf.cumsum(z, 0, true), x, false),
];
