/**
 * @file The ONNX operators that a lowering may use: the compiler refuses any other, and each has cases that compare a device with
 * the processor (`operator-cases.ts`).
 */

/** Of the standard set, by what they are for. */
const standard = [
  ...(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'Mod'] as const),
  ...(['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Equal', 'And', 'Or', 'Not', 'Where'] as const),
  ...([
    'Exp',
    'Log',
    'Sqrt',
    'Erf',
    'Neg',
    'Sigmoid',
    'Tanh',
    'Relu',
    'Abs',
    'Floor',
    'Sign',
    'Sin',
    'Cos',
  ] as const),
  ...(['Reciprocal', 'Softplus', 'IsNaN', 'Clip', 'Cast', 'BitShift', 'BitwiseXor', 'Identity'] as const),
  ...(['MatMul', 'Gemm', 'Conv', 'Softmax', 'CumSum'] as const),
  ...(['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd'] as const),
  ...(['ReduceLogSumExp', 'ArgMax', 'ArgMin'] as const),
  ...(['LayerNormalization', 'InstanceNormalization'] as const),
  ...([
    'Reshape',
    'Transpose',
    'Slice',
    'Concat',
    'Split',
    'Pad',
    'Tile',
    'Gather',
    'OneHot',
    'Expand',
    'Shape',
  ] as const),
  'Scan',
] as const;

/** Of ONNX Runtime's own set. */
const runtimes = ['FusedMatMul', 'Gelu'] as const;

export const onnxOperators = [...standard, ...runtimes] as const;
export type OnnxOperator = (typeof onnxOperators)[number];
