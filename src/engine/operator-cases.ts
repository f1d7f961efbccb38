/** @file Every ONNX operator of our programs at awkward sizes: odd, prime, one; groups that no vector of four divides. */
import { float32, type HostTensor, int32, sizeOf } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import type { Attribute, GraphBuilder, Value } from './graph.js';
import { cast } from './kernels/elementwise.js';
import { concat, convolution, reshape, sliceAxis, transpose } from './kernels/index.js';
import { matrixProduct } from './kernels/product.js';
import type { OnnxOperator } from './onnx-operators.js';

export interface OperatorCase {
  readonly operator: OnnxOperator;
  /** What is awkward in it, for messages. */
  readonly sizes: string;
  readonly inputs: Readonly<Record<string, HostTensor>>;
  /** Appends the nodes to a graph: from values in the order of the inputs to the outputs, of types that may leave it. */
  readonly emit: (graph: GraphBuilder, values: readonly Value[]) => readonly Value[];
}

/** Values between -2 and 2, the same in every process. */
function values(shape: readonly number[], purpose = 'x', from = -2, to = 2): HostTensor {
  const random = randomStream(11, purpose, ...shape);
  const data = Float32Array.from({ length: sizeOf(shape) }, () => from + (to - from) * random.uniform());
  return float32(shape, data);
}

const integers = (shape: readonly number[], count: number, purpose = 'i'): HostTensor => {
  const random = randomStream(11, purpose, ...shape);
  return int32(
    shape,
    Int32Array.from({ length: sizeOf(shape) }, () => random.integer(count)),
  );
};

const truths = (shape: readonly number[], purpose: string): HostTensor => ({
  dtype: 'bool',
  shape,
  data: Uint8Array.from(integers(shape, 2, purpose).data),
});

const at = (given: readonly Value[], i: number): Value => given[i] as Value;
const spelled = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
const ints = (...numbers: readonly number[]): Attribute => ({ ints: numbers });

/** Shapes of one value, of a prime number of them, and of axes that are odd. */
const oddShapes = [[1], [131], [3, 5, 17]] as const;

const unary = (
  operator: OnnxOperator,
  from = -2,
  to = 2,
  type: 'float32' | 'bool' = 'float32',
): OperatorCase[] =>
  oddShapes.map((shape) => ({
    operator,
    sizes: spelled(shape),
    inputs: { x: values(shape, operator, from, to) },
    emit: (graph, given) => [graph.emit(operator, [at(given, 0)], shape, type)],
  }));

/** Of one shape, and of shapes that broadcast on both sides. */
const binary = (
  operator: OnnxOperator,
  make: (shape: readonly number[], purpose: string) => HostTensor,
  type?: 'bool',
): OperatorCase[] =>
  (
    [
      [[131], [131], [131]],
      [
        [3, 1, 17],
        [5, 1],
        [3, 5, 17],
      ],
      [[7, 13], [], [7, 13]],
    ] as const
  ).map(([a, b, shape]) => ({
    operator,
    sizes: `${spelled(a)} and ${spelled(b)}`,
    inputs: { a: make(a, 'a'), b: make(b, 'b') },
    emit: (graph, given) => [
      graph.emit(operator, [at(given, 0), at(given, 1)], shape, type ?? at(given, 0).type),
    ],
  }));

const positive = (shape: readonly number[], purpose: string): HostTensor => values(shape, purpose, 0.3, 2);
/** Whole numbers, so that some are equal. */
const few = (shape: readonly number[], purpose: string): HostTensor => {
  const tensor = integers(shape, 3, purpose);
  return float32(tensor.shape, Float32Array.from(tensor.data));
};

const elementwise: readonly OperatorCase[] = [
  ...(['Add', 'Sub', 'Mul', 'Max', 'Min'] as const).flatMap((operator) => binary(operator, values)),
  ...(['Div', 'Pow'] as const).flatMap((operator) => binary(operator, positive)),
  ...(['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Equal'] as const).flatMap((operator) =>
    binary(operator, few, 'bool'),
  ),
  ...(['And', 'Or'] as const).flatMap((operator) => binary(operator, truths, 'bool')),
  ...(
    ['Exp', 'Erf', 'Neg', 'Sigmoid', 'Tanh', 'Relu', 'Abs', 'Floor', 'Sign', 'Sin', 'Cos'] as const
  ).flatMap((operator) => unary(operator)),
  ...(['Log', 'Sqrt', 'Reciprocal'] as const).flatMap((operator) => unary(operator, 0.2, 3)),
  ...unary('Softplus', -40, 40),
  ...unary('Identity'),
  ...unary('IsNaN', -2, 2, 'bool'),
  {
    operator: 'IsNaN',
    sizes: '0 / 0',
    inputs: { x: float32([3], [0, 1, -1]) },
    emit: (graph, given) => {
      const quotient = graph.emit(
        'Div',
        [at(given, 0), graph.emit('Abs', [at(given, 0)], [3], 'float32')],
        [3],
        'float32',
      );
      return [graph.emit('IsNaN', [quotient], [3], 'bool')];
    },
  },
  ...oddShapes.map(
    (shape): OperatorCase => ({
      operator: 'Gelu',
      sizes: spelled(shape),
      inputs: { x: values(shape, 'Gelu', -5, 5) },
      emit: (graph, given) => [
        graph.emit('Gelu', [at(given, 0)], shape, 'float32', { domain: 'com.microsoft' }),
      ],
    }),
  ),
  {
    operator: 'Not',
    sizes: '[131]',
    inputs: { x: truths([131], 'Not') },
    emit: (graph, given) => [graph.emit('Not', [at(given, 0)], [131], 'bool')],
  },
  {
    operator: 'Where',
    sizes: '[7, 1], [13] and [7, 13]',
    inputs: { c: truths([7, 1], 'c'), a: values([13], 'a'), b: values([7, 13], 'b') },
    emit: (graph, given) => [graph.emit('Where', given, [7, 13], 'float32')],
  },
  {
    operator: 'Clip',
    sizes: '[131]',
    inputs: { x: values([131]) },
    emit: (graph, given) => [
      graph.emit('Clip', [at(given, 0), graph.scalar(-0.5), graph.scalar(0.7)], [131], 'float32'),
    ],
  },
  {
    operator: 'Cast',
    sizes: 'floats to whole numbers and back, below zero too',
    inputs: { x: values([131], 'Cast', -100, 100) },
    emit: (graph, given) => {
      const whole = cast(graph, at(given, 0), 'int32');
      return [whole, cast(graph, whole, 'float32'), cast(graph, whole, 'bool')];
    },
  },
  {
    operator: 'Cast',
    sizes: 'to halves and back',
    inputs: { x: values([131], 'halves') },
    // Programs for WebGPU do not.
    emit: (graph, given) => {
      const halves = graph.provider === 'webgpu' ? at(given, 0) : cast(graph, at(given, 0), 'float16');
      return [cast(graph, halves, 'float32')];
    },
  },
  {
    operator: 'Mod',
    sizes: 'of a number below zero',
    inputs: { x: int32([5], [-7, -1, 0, 3, 12]) },
    emit: (graph, given) => {
      const wide = cast(graph, at(given, 0), 'int64');
      return [cast(graph, graph.emit('Mod', [wide, graph.int64s([5])], [5], 'int64'), 'int32')];
    },
  },
  {
    operator: 'BitShift',
    sizes: 'of numbers with the highest bit',
    inputs: { x: int32([5], [-1, 1, 7, -(2 ** 31), 2 ** 31 - 1]) },
    emit: (graph, given) => {
      const bits = cast(graph, at(given, 0), 'uint32');
      const by = graph.constant([16], [], 'uint32');
      const shifted = graph.emit('BitShift', [bits, by], [5], 'uint32', {
        attributes: { direction: { text: 'RIGHT' } },
      });
      return [cast(graph, shifted, 'int32')];
    },
  },
  {
    operator: 'BitwiseXor',
    sizes: '[5], wrapping products',
    inputs: { a: int32([5], [-1, 1, 7, -(2 ** 31), 2 ** 31 - 1]), b: int32([], [0x7feb352d]) },
    emit: (graph, given) => {
      const product = graph.emit('Mul', given, [5], 'int32');
      return [graph.emit('BitwiseXor', [product, at(given, 1)], [5], 'int32')];
    },
  },
];

const product = (
  operator: OnnxOperator,
  a: readonly number[],
  b: readonly number[],
  flips: readonly [boolean, boolean] = [false, false],
): OperatorCase => ({
  operator,
  sizes: `${spelled(a)}${flips[0] ? ' transposed' : ''} and ${spelled(b)}${flips[1] ? ' transposed' : ''}`,
  inputs: { a: values(a, 'a', -1, 1), b: values(b, 'b', -1, 1) },
  emit: (graph, given) => [matrixProduct(graph, at(given, 0), at(given, 1), ...flips)],
});

const conv = (
  what: string,
  [batch, channels, time]: readonly [number, number, number],
  [out, taps]: readonly [number, number],
  sizes: Parameters<typeof convolution>[3],
): OperatorCase => ({
  operator: 'Conv',
  sizes: what,
  inputs: {
    x: values([batch, channels, time], 'x', -1, 1),
    weight: values([out, channels / sizes.groups, taps], 'weight', -1, 1),
  },
  emit: (graph, given) => [convolution(graph, at(given, 0), at(given, 1), sizes)],
});

const products: readonly OperatorCase[] = [
  product('MatMul', [1, 1], [1, 1]),
  product('MatMul', [7, 131], [131, 13]),
  product('MatMul', [3, 1, 17, 5], [2, 5, 33]),
  product('Gemm', [131, 7], [131, 13], [true, false]),
  product('Gemm', [7, 131], [13, 131], [false, true]),
  {
    operator: 'Gemm',
    sizes: '[7, 131] and [131, 13], with a bias',
    inputs: { a: values([7, 131], 'a', -1, 1), b: values([131, 13], 'b', -1, 1), bias: values([13], 'bias') },
    emit: (graph, given) => [graph.emit('Gemm', given, [7, 13], 'float32')],
  },
  {
    operator: 'Gemm',
    sizes: '[7, 131] and [131, 13], with a matrix',
    inputs: {
      a: values([7, 131], 'a', -1, 1),
      b: values([131, 13], 'b', -1, 1),
      c: values([7, 13], 'c'),
    },
    emit: (graph, given) => [graph.emit('Gemm', given, [7, 13], 'float32')],
  },
  product('FusedMatMul', [3, 17, 5], [3, 33, 5], [false, true]),
  product('FusedMatMul', [3, 5, 17], [3, 33, 5], [true, true]),
  conv('1 channel, 10 taps, stride 5', [2, 1, 403], [32, 10], { stride: 5, padding: 0, groups: 1 }),
  conv('17 channels, 3 taps, stride 2', [3, 17, 131], [13, 3], { stride: 2, padding: 0, groups: 1 }),
  conv('1 tap', [1, 7, 1], [5, 1], { stride: 1, padding: 0, groups: 1 }),
  conv('144 channels in 16 groups, 19 taps', [2, 144, 82], [144, 19], { stride: 1, padding: 9, groups: 16 }),
  conv('768 channels in 16 groups, 128 taps', [1, 768, 99], [768, 128], {
    stride: 1,
    padding: 64,
    groups: 16,
  }),
  conv('33 channels in 3 groups, 4 taps', [2, 33, 20], [9, 4], { stride: 1, padding: 3, groups: 3 }),
  conv('a channel a group', [2, 31, 40], [31, 7], { stride: 1, padding: 3, groups: 31 }),
];

const reduction = (operator: OnnxOperator, keep: boolean): OperatorCase[] =>
  (
    [
      [[131], [0]],
      [
        [7, 13, 5],
        [0, 2],
      ],
      [[1, 1031], [1]],
    ] as const
  ).map(([shape, axes]) => ({
    operator,
    sizes: `${spelled(shape)} over ${axes.join(' and ')}`,
    inputs: { x: values(shape, operator, 0.9, 1.1) },
    emit: (graph, given) => {
      const kept = shape.map((dim, axis) => ((axes as readonly number[]).includes(axis) ? 1 : dim));
      const rest = shape.filter((_, axis) => !(axes as readonly number[]).includes(axis));
      return [
        graph.emit(operator, [at(given, 0), graph.int64s(axes)], keep ? kept : rest, 'float32', {
          attributes: { keepdims: { int: keep ? 1 : 0 } },
        }),
      ];
    },
  }));

const reductions: readonly OperatorCase[] = [
  ...(['ReduceSum', 'ReduceMean'] as const).flatMap((operator) => reduction(operator, true)),
  ...(['ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceLogSumExp'] as const).flatMap((operator) =>
    reduction(operator, false),
  ),
  ...(['ArgMax', 'ArgMin'] as const).map(
    (operator): OperatorCase => ({
      operator,
      sizes: '[7, 131, 5] over 1',
      inputs: { x: values([7, 131, 5], operator) },
      emit: (graph, given) => [
        cast(
          graph,
          graph.emit(operator, [at(given, 0)], [7, 5], 'int64', {
            attributes: { axis: { int: 1 }, keepdims: { int: 0 } },
          }),
          'int32',
        ),
      ],
    }),
  ),
  ...(
    [
      [[1, 1], 1],
      [[7, 131], 1],
      [[3, 17, 5], 1],
    ] as const
  ).map(
    ([shape, axis]): OperatorCase => ({
      operator: 'Softmax',
      sizes: `${spelled(shape)} over ${axis}`,
      inputs: { x: values(shape, 'Softmax', -30, 30) },
      emit: (graph, given) => [
        graph.emit('Softmax', [at(given, 0)], shape, 'float32', { attributes: { axis: { int: axis } } }),
      ],
    }),
  ),
  ...([false, true] as const).map(
    (reverse): OperatorCase => ({
      operator: 'CumSum',
      sizes: `[3, 131]${reverse ? ', backwards, each without itself' : ''}`,
      inputs: { x: values([3, 131], 'CumSum') },
      emit: (graph, given) => [
        graph.emit('CumSum', [at(given, 0), graph.constant([1], [], 'int64')], [3, 131], 'float32', {
          attributes: { exclusive: { int: reverse ? 1 : 0 }, reverse: { int: reverse ? 1 : 0 } },
        }),
      ],
    }),
  ),
  ...([1, 17, 131] as const).map(
    (width): OperatorCase => ({
      operator: 'LayerNormalization',
      sizes: `[3, 5, ${width}]`,
      inputs: { x: values([3, 5, width]), scale: values([width], 'scale'), bias: values([width], 'bias') },
      emit: (graph, given) => {
        const statistics = { shape: [3, 5, 1], type: 'float32' } as const;
        const attributes = { axis: { int: -1 }, epsilon: { float: 1e-5 } };
        const [y, , inverse] = graph.emitMany(
          'LayerNormalization',
          given,
          [{ shape: [3, 5, width], type: 'float32' }, statistics, statistics],
          { attributes },
        );
        return [y as Value, ...(width === 1 ? [] : [inverse as Value])];
      },
    }),
  ),
  {
    operator: 'InstanceNormalization',
    sizes: '[2, 13, 131]',
    inputs: { x: values([2, 13, 131]), scale: values([13], 'scale'), bias: values([13], 'bias') },
    emit: (graph, given) => [
      graph.emit('InstanceNormalization', given, [2, 13, 131], 'float32', {
        attributes: { epsilon: { float: 1e-5 } },
      }),
    ],
  },
];

/** One operator over x [3, 5, 17]. */
const moving = (
  operator: OnnxOperator,
  sizes: string,
  emit: (graph: GraphBuilder, x: Value) => readonly Value[],
): OperatorCase => ({
  operator,
  sizes,
  inputs: { x: values([3, 5, 17], operator) },
  emit: (graph, given) => emit(graph, at(given, 0)),
});

const movements: readonly OperatorCase[] = [
  moving('Reshape', '[3, 5, 17] to [17, 15]', (graph, x) => [reshape(graph, x, [17, 15])]),
  moving('Transpose', '[3, 5, 17] to [17, 3, 5]', (graph, x) => [transpose(graph, x, [2, 0, 1])]),
  moving('Transpose', '[3, 5, 17] to [5, 3, 17]', (graph, x) => [transpose(graph, x, [1, 0, 2])]),
  moving('Slice', '[3, 5, 17] from 3 on', (graph, x) => [sliceAxis(graph, x, 2, 3, 13)]),
  moving('Slice', '[3, 5, 17] backwards', (graph, x) => {
    const operands = [[-1], [Number.MIN_SAFE_INTEGER], [2], [-1]].map((numbers) => graph.int64s(numbers));
    return [graph.emit('Slice', [x, ...operands], [3, 5, 17], 'float32')];
  }),
  moving('Concat', 'three parts of 17, 1 and 17', (graph, x) => [
    concat(graph, [x, sliceAxis(graph, x, 2, 0, 1), x], 2),
  ]),
  moving('Split', '[3, 5, 17] into 11, 1 and 5', (graph, x) => {
    const parts = [11, 1, 5];
    const outputs = parts.map((size) => ({ shape: [3, 5, size], type: 'float32' as const }));
    return graph.emitMany('Split', [x, graph.int64s(parts)], outputs, { attributes: { axis: { int: 2 } } });
  }),
  moving('Pad', '[3, 5, 17] by 1 and 2, with 0.5', (graph, x) => [
    graph.emit('Pad', [x, graph.int64s([0, 1, 0, 0, 2, 3]), graph.scalar(0.5)], [3, 8, 20], 'float32'),
  ]),
  moving('Tile', '[3, 5, 17] twice and three times', (graph, x) => [
    graph.emit('Tile', [x, graph.int64s([2, 1, 3])], [6, 5, 51], 'float32'),
  ]),
  moving('Expand', '[3, 5, 1] to [2, 3, 5, 7]', (graph, x) => [
    graph.expand(sliceAxis(graph, x, 2, 0, 1), [2, 3, 5, 7]),
  ]),
  moving('Shape', '[3, 5, 17]', (graph, x) => [cast(graph, graph.emit('Shape', [x], [3], 'int64'), 'int32')]),
  {
    operator: 'Gather',
    sizes: '[7, 13] by [2, 5] of axis 1',
    inputs: { x: values([7, 13], 'Gather'), index: integers([2, 5], 13, 'Gather') },
    emit: (graph, given) => [
      graph.emit('Gather', given, [7, 2, 5], 'float32', { attributes: { axis: { int: 1 } } }),
    ],
  },
  {
    operator: 'OneHot',
    sizes: '[7], 13 classes',
    inputs: { x: integers([7], 13, 'OneHot') },
    emit: (graph, given) => {
      const operands = [
        cast(graph, at(given, 0), 'int64'),
        graph.constant([13], [], 'int64'),
        graph.constant([0.5, 2], [2], 'float32'),
      ];
      return [graph.emit('OneHot', operands, [7, 13], 'float32', { attributes: { axis: { int: -1 } } })];
    },
  },
  ...[0, 1].map(
    (direction): OperatorCase => ({
      operator: 'Scan',
      sizes: `13 steps of [3, 5]${direction === 1 ? ', backwards' : ''}`,
      inputs: { state: values([3, 5], 'state'), sequence: values([13, 3, 5], 'sequence') },
      emit: (graph, given) => {
        const state = graph.input([3, 5], 'float32');
        const step = graph.input([3, 5], 'float32');
        const body = graph.subgraph([state, step], () => {
          const next = graph.emit(
            'Tanh',
            [graph.emit('Add', [state, step], [3, 5], 'float32')],
            [3, 5],
            'float32',
          );
          return [next, next];
        });
        return graph.emitMany(
          'Scan',
          given,
          [
            { shape: [3, 5], type: 'float32' },
            { shape: [13, 3, 5], type: 'float32' },
          ],
          {
            attributes: {
              body: { graph: body },
              num_scan_inputs: { int: 1 },
              scan_input_directions: ints(direction),
              scan_output_directions: ints(direction),
            },
          },
        );
      },
    }),
  ),
];

export const operatorCases: readonly OperatorCase[] = [
  ...elementwise,
  ...products,
  ...reductions,
  ...movements,
];
