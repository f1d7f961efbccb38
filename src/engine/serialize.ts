/** @file A traced graph as the bytes of an ONNX model. */
import onnxProto from 'onnx-proto';
import { type Attribute, type GraphNode, readsOf, type Value } from './graph.js';
import { onnxTypes } from './kernels/elementwise.js';
import { type ModelNames, outputName } from './model-names.js';
import type { TracedGraph } from './trace.js';

const { onnx } = onnxProto;

/** ONNX operator set 18, intermediate representation 8: read by ONNX Runtime 1.14 and newer. */
const operatorSet = 18;
const irVersion = 8;

const nameOf = (value: Value | undefined): string => (value === undefined ? '' : `v${value.id}`);

/** Axes of inputs and outputs whose length is not fixed: path to the axes. */
export type DynamicDims = ReadonlyMap<string, readonly number[]>;

/**
 * Whether a node of a program, by its name, makes but lengths and positions: few values, which the runtime computes on the processor
 * everywhere.
 */
export const makesLengths = (node: string): boolean => node.startsWith(lengthPrefix);

const lengthPrefix = 'length.';

const programNames: ModelNames = {
  output: outputName,
  axis: (name, axis) => `${name}.${axis}`,
  node: ({ outputs }) =>
    outputs.every(({ type }) => type === 'int64') ? `${lengthPrefix}${outputs[0]?.id}` : '',
};

/** The ONNX model of a graph; inputs bear their paths as names. */
export function serialize(
  graph: TracedGraph,
  dynamic: DynamicDims = new Map(),
  naming: ModelNames = programNames,
): Uint8Array {
  const names = new Map(graph.inputs.map(([path, value]) => [value.id, path]));
  const made = new Set(graph.nodes.flatMap((node) => node.outputs.map(({ id }) => id)));
  const copied: (readonly [path: string, value: Value])[] = [];
  // A value that a node makes bears its output's name; constants, inputs and second names need a copy.
  for (const [path, value] of graph.outputs) {
    if (made.has(value.id) && !names.has(value.id)) names.set(value.id, naming.output(path));
    else copied.push([path, value]);
  }
  const rename = (value: Value | undefined): string =>
    value === undefined ? '' : (names.get(value.id) ?? nameOf(value));
  const words: Words = { rename, node: naming.node ?? (() => '') };
  const constants = new Map<number, Value>();
  for (const value of [...readsOf(graph.nodes), ...graph.outputs.map(([, value]) => value)]) {
    if (value.data !== undefined) constants.set(value.id, value);
  }
  const results = copied.map(([path, value]) => ({
    opType: 'Identity',
    input: [rename(value)],
    output: [naming.output(path)],
  }));
  const model = onnx.ModelProto.create({
    irVersion,
    producerName: 'ehmam',
    opsetImport: [
      { domain: '', version: operatorSet },
      { domain: 'com.microsoft', version: 1 },
    ],
    metadataProps: Object.entries(naming.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'program',
      node: [...graph.nodes.map((node) => nodeProto(node, words)), ...results],
      initializer: [...constants.values()].map(constantProto),
      input: graph.inputs.map(([path, value]) => typeProto(path, value, dynamic.get(path), naming)),
      output: graph.outputs.map(([path, value]) =>
        typeProto(naming.output(path), value, dynamic.get(outputName(path)), naming),
      ),
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

/** What values and nodes are called. */
interface Words {
  rename(value: Value | undefined): string;
  node(node: GraphNode): string;
}

function nodeProto(node: GraphNode, words: Words): InstanceType<typeof onnx.NodeProto> {
  const { rename } = words;
  return onnx.NodeProto.create({
    name: words.node(node),
    opType: node.op,
    domain: node.domain,
    input: node.inputs.map(rename),
    output: node.outputs.map(rename),
    attribute: Object.entries(node.attributes).map(([name, attribute]) =>
      attributeProto(name, attribute, words),
    ),
  });
}

function attributeProto(
  name: string,
  attribute: Attribute,
  words: Words,
): InstanceType<typeof onnx.AttributeProto> {
  const { AttributeType } = onnx.AttributeProto;
  if ('int' in attribute)
    return onnx.AttributeProto.create({ name, type: AttributeType.INT, i: attribute.int });
  if ('float' in attribute)
    return onnx.AttributeProto.create({ name, type: AttributeType.FLOAT, f: attribute.float });
  if ('ints' in attribute) {
    return onnx.AttributeProto.create({ name, type: AttributeType.INTS, ints: [...attribute.ints] });
  }
  if ('text' in attribute) {
    return onnx.AttributeProto.create({
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(attribute.text),
    });
  }
  const { inputs, outputs, nodes } = attribute.graph;
  return onnx.AttributeProto.create({
    name,
    type: AttributeType.GRAPH,
    g: {
      name: 'body',
      node: nodes.map((node) => nodeProto(node, words)),
      input: inputs.map((value) => typeProto(nameOf(value), value)),
      output: outputs.map((value) => typeProto(nameOf(value), value)),
    },
  });
}

function typeProto(
  name: string,
  value: Value,
  dynamicAxes: readonly number[] = [],
  names: ModelNames = programNames,
): InstanceType<typeof onnx.ValueInfoProto> {
  const dim = value.shape.map((length, axis) =>
    dynamicAxes.includes(axis) ? { dimParam: names.axis(name, axis) } : { dimValue: length },
  );
  return onnx.ValueInfoProto.create({
    name,
    type: { tensorType: { elemType: onnxTypes[value.type], shape: { dim } } },
  });
}

function constantProto(value: Value): InstanceType<typeof onnx.TensorProto> {
  return onnx.TensorProto.create({
    name: nameOf(value),
    dims: [...value.shape],
    dataType: onnxTypes[value.type],
    rawData: rawBytes(value),
  });
}

function rawBytes({ type, data = [] }: Value): Uint8Array {
  const bytesOf = (array: ArrayBufferView): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  if (type === 'float32') return bytesOf(data instanceof Float32Array ? data : Float32Array.from(data));
  if (type === 'int32') return bytesOf(data instanceof Int32Array ? data : Int32Array.from(data));
  if (type === 'uint32') return bytesOf(Uint32Array.from(data));
  if (type === 'int64') return bytesOf(BigInt64Array.from(Array.from(data), BigInt));
  return Uint8Array.from(data);
}
