/** @file Nodes that feed the lengths, mask, constants and states of an ONNX file inside a joined one. */
import onnxProto from 'onnx-proto';
import { sizeOf } from '../../base/host-tensor.js';
import type { GraphSlot } from '../../engine/engine.js';
import type { Roles } from './roles.js';

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
type Node = InstanceType<typeof onnx.NodeProto>;
type Tensor = InstanceType<typeof onnx.TensorProto>;

/** Nodes and the constants that they read. */
interface Feeds {
  readonly nodes: readonly Node[];
  readonly initializers: readonly Tensor[];
}

const types: Readonly<Record<string, number>> = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
};

/** What feeds every input but that of the waveform or features, which is `before/input`; the file's names begin with `file/`. */
export function feeds(roles: Roles): Feeds {
  const { lengths, mask, constants, state } = roles;
  const parts = [
    ...(lengths || mask ? [stepCount(roles)] : []),
    ...(lengths ? [lengthFeed(lengths)] : []),
    ...(mask ? [maskFeed(mask)] : []),
    ...constants.map(({ slot, values }) => fixedFeed(slot, values)),
    ...state.map(({ slot }) => fixedFeed(slot, [0])),
  ];
  return {
    nodes: parts.flatMap(({ nodes }) => nodes),
    initializers: parts.flatMap(({ initializers }) => initializers),
  };
}

const node = (opType: string, input: string[], output: string, attribute: object[] = []): Node =>
  onnx.NodeProto.create({ opType, input, output: [output], attribute });

const integer = (name: string, value: number) => ({
  name,
  type: onnx.AttributeProto.AttributeType.INT,
  i: value,
});

const cast = (from: string, { name, type }: GraphSlot): Node =>
  node('Cast', [from], `file/${name}`, [integer('to', types[type] as number)]);

const int64s = (name: string, values: readonly number[]): Tensor =>
  onnx.TensorProto.create({
    name,
    dims: [values.length],
    dataType: DataType.INT64,
    rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  });

/** How many steps the input has, as `feed/steps` [1]. */
function stepCount({ layout }: Roles): Feeds {
  return {
    nodes: [
      node('Shape', ['before/input'], 'feed/shape'),
      node('Gather', ['feed/shape', 'feed/time'], 'feed/steps'),
    ],
    initializers: [int64s('feed/time', [layout.indexOf('time')]), int64s('feed/one', [1])],
  };
}

function lengthFeed(slot: GraphSlot): Feeds {
  if (slot.shape.length > 0) return { nodes: [cast('feed/steps', slot)], initializers: [] };
  return {
    nodes: [node('Squeeze', ['feed/steps'], 'feed/scalar'), cast('feed/scalar', slot)],
    initializers: [],
  };
}

/** Ones, [1, steps]. */
function maskFeed(slot: GraphSlot): Feeds {
  return {
    nodes: [
      node('Concat', ['feed/one', 'feed/steps'], 'feed/mask-shape', [integer('axis', 0)]),
      node('Expand', ['feed/one', 'feed/mask-shape'], 'feed/ones'),
      cast('feed/ones', slot),
    ],
    initializers: [],
  };
}

/** Values in the shape of an input; one value fills it. */
function fixedFeed(slot: GraphSlot, values: readonly number[]): Feeds {
  const free = values.length === 1 ? 1 : values.length;
  const shape = slot.shape.map((length) => (typeof length === 'number' ? length : free));
  const name = `feed/${slot.name}`;
  const filled = Float32Array.from({ length: sizeOf(shape) }, (_, i) => values[i % values.length] as number);
  const tensor = onnx.TensorProto.create({
    name,
    dims: shape,
    dataType: DataType.FLOAT,
    rawData: new Uint8Array(filled.buffer),
  });
  return { nodes: [cast(name, slot)], initializers: [tensor] };
}
