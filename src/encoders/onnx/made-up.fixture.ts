/** @file Small ONNX files of every shape that people's have, written by hand for tests. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;
type Node = Partial<InstanceType<typeof onnx.NodeProto>>;
type Tensor = Partial<InstanceType<typeof onnx.TensorProto>>;
const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;

export type Length = number | string;

export const slot = (name: string, shape: readonly Length[], type: number = DataType.FLOAT) => ({
  name,
  type: {
    tensorType: {
      elemType: type,
      shape: {
        dim: shape.map((length) =>
          typeof length === 'number' ? { dimValue: length } : { dimParam: length },
        ),
      },
    },
  },
});

export const floats = (name: string, dims: number[], values: readonly number[]): Tensor => ({
  name,
  dims,
  dataType: DataType.FLOAT,
  rawData: new Uint8Array(Float32Array.from(values).buffer),
});

export const integers = (name: string, values: readonly number[]): Tensor => ({
  name,
  dims: [values.length],
  dataType: DataType.INT64,
  rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

const ints = (name: string, values: number[]) => ({ name, type: AttributeType.INTS, ints: values });

export const node = (
  opType: string,
  input: string[],
  output: string[],
  attribute: object[] = [],
  domain = '',
): Node => ({ opType, input, output, attribute, domain }) as Node;

export interface MadeUp {
  readonly nodes: readonly Node[];
  readonly inputs: readonly ReturnType<typeof slot>[];
  readonly outputs: readonly ReturnType<typeof slot>[];
  readonly weights?: readonly Tensor[];
  readonly operatorSet?: number;
  readonly domains?: readonly string[];
}

export function modelBytes({
  nodes,
  inputs,
  outputs,
  weights = [],
  operatorSet = 17,
  domains = [],
}: MadeUp): Uint8Array {
  const model = onnx.ModelProto.fromObject({
    irVersion: 8,
    producerName: 'made up',
    opsetImport: [{ domain: '', version: operatorSet }, ...domains.map((domain) => ({ domain, version: 1 }))],
    graph: { name: 'g', node: nodes, input: inputs, output: outputs, initializer: weights },
  });
  return onnx.ModelProto.encode(model).finish();
}

export async function writeModel(file: string, model: MadeUp): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, modelBytes(model));
  return file;
}

/** Channel c of frame f is the sum over k of `taps[c][k]` times sample 4 f + k: 8 taps, a hop of 4, 3 channels. */
export const taps = [
  [1, 0, 0, 0, 0, 0, 0, 0],
  [0, 0, 0, 1, 0, 0, 0, -1],
  [0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125],
] as const;
export const [hop, width] = [4, 8];

const convolution = (x: string, y: string): Node =>
  node('Conv', [x, 'taps'], [y], [ints('strides', [hop]), ints('kernel_shape', [width])]);
const tapWeights = floats('taps', [3, 1, width], taps.flat());

/** [batch, samples] to `frames` [batch, frames, 3], `rectified` of the same shape, and `pooled` [batch, 3]. */
export const plain: MadeUp = {
  inputs: [slot('audio', ['batch', 'samples'])],
  outputs: [
    slot('frames', ['batch', 'time', 3]),
    slot('pooled', ['batch', 3]),
    slot('rectified', ['batch', 'time', 3]),
  ],
  weights: [tapWeights, integers('one', [1])],
  nodes: [
    node('Unsqueeze', ['audio', 'one'], ['row']),
    convolution('row', 'channels'),
    node('Transpose', ['channels'], ['frames'], [ints('perm', [0, 2, 1])]),
    node('Relu', ['frames'], ['rectified']),
    node(
      'ReduceMean',
      ['frames'],
      ['pooled'],
      [ints('axes', [1]), { name: 'keepdims', type: AttributeType.INT, i: 0 }],
    ),
  ],
};

/** [1, 1, samples] to `channels` [1, 3, frames]. */
export const channelsFirst: MadeUp = {
  inputs: [slot('audio', [1, 1, 'samples'])],
  outputs: [slot('channels', [1, 3, 'time'])],
  weights: [tapWeights],
  nodes: [convolution('audio', 'channels')],
};

/** `plain` of exactly 16 samples: 3 frames. */
export const fixedLength: MadeUp = {
  ...plain,
  inputs: [slot('audio', [1, 16])],
  outputs: [slot('frames', [1, 3, 3])],
};

/** Features [1, 2, time] to [1, time, 2]: themselves, and a mask and lengths that count. */
export const ofFeatures: MadeUp = {
  inputs: [
    slot('features', [1, 2, 'time']),
    slot('feature_lengths', [1], DataType.INT64),
    slot('attention_mask', [1, 'time'], DataType.INT64),
  ],
  outputs: [slot('states', [1, 'time', 4])],
  weights: [integers('two', [2])],
  nodes: [
    node('Transpose', ['features'], ['turned'], [ints('perm', [0, 2, 1])]),
    node('Cast', ['attention_mask'], ['mask'], [{ name: 'to', type: AttributeType.INT, i: DataType.FLOAT }]),
    node('Unsqueeze', ['mask', 'two'], ['column']),
    node(
      'Cast',
      ['feature_lengths'],
      ['length'],
      [{ name: 'to', type: AttributeType.INT, i: DataType.FLOAT }],
    ),
    node('Mul', ['column', 'length'], ['counted']),
    node(
      'Concat',
      ['turned', 'column', 'counted'],
      ['states'],
      [{ name: 'axis', type: AttributeType.INT, i: 2 }],
    ),
  ],
};

/** A running sum of samples over windows of 4: `total` [1, 1] is the state, `sr` is added to it. */
export const withState: MadeUp = {
  inputs: [slot('audio', [1, 'samples']), slot('before', [1, 1]), slot('sr', [], DataType.INT64)],
  outputs: [slot('total', [1, 1]), slot('score', [1, 1])],
  nodes: [
    node('ReduceMean', ['audio'], ['mean'], [ints('axes', [1])]),
    node('Add', ['mean', 'before'], ['sum']),
    node('Cast', ['sr'], ['rate'], [{ name: 'to', type: AttributeType.INT, i: DataType.FLOAT }]),
    node('Add', ['sum', 'rate'], ['total']),
    node('Neg', ['total'], ['score']),
  ],
};
