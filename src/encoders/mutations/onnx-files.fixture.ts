/** @file Changes of ONNX files: sizes, operators, settings, names, places of weights, depth. */
import onnxProto from 'onnx-proto';
import type { RandomStream } from '../../base/random.js';
import { type Change, deep, pathTricks, pick, wildNumbers } from './bytes.fixture.js';

const { onnx } = onnxProto;
type Model = InstanceType<typeof onnx.ModelProto>;
type Graph = NonNullable<Model['graph']>;

const wholeNumbers = wildNumbers.filter((value) => Number.isInteger(value) && Math.abs(value) <= 2 ** 53);
const wildName = (random: RandomStream): string =>
  pick(random, [
    ...pathTricks,
    '__proto__',
    'constructor',
    'x'.repeat(10_000),
    '\u0000',
    '\u{1F600}',
    'audio',
    'frames',
    'row',
  ]);
const operators = [
  'Loop',
  'If',
  'Scan',
  'ConstantOfShape',
  'Range',
  'Tile',
  'Expand',
  'Pad',
  'Reshape',
  'Resize',
  'Sparkle',
  '',
  'NonZero',
];

/** A change of what a graph says. */
function changeGraph(graph: Graph, random: RandomStream): void {
  const weight = pick(random, graph.initializer ?? []);
  const node = pick(random, graph.node ?? []);
  const slot = pick(random, [...(graph.input ?? []), ...(graph.output ?? [])]);
  const shape = slot?.type?.tensorType?.shape;
  switch (random.integer(14)) {
    case 0:
      if (weight) weight.dims = Array.from({ length: random.integer(5) }, () => pick(random, wholeNumbers));
      return;
    case 1:
      if (weight) weight.dataType = random.integer(30);
      return;
    case 2:
      if (!weight) return;
      weight.dataLocation = onnx.TensorProto.DataLocation.EXTERNAL;
      weight.externalData = [
        { key: 'location', value: wildName(random) },
        { key: 'offset', value: String(pick(random, wildNumbers)) },
        { key: 'length', value: String(pick(random, wildNumbers)) },
      ];
      return;
    case 3:
      if (weight) weight.name = wildName(random);
      return;
    case 4:
      if (node) node.opType = pick(random, operators);
      return;
    case 5:
      if (node) node.domain = pick(random, ['com.acme', 'com.microsoft', 'ai.onnx.ml', wildName(random)]);
      return;
    case 6:
      if (node?.input && node.input.length > 0)
        node.input[random.integer(node.input.length)] = wildName(random);
      return;
    case 7:
      if (node?.output && node.output.length > 0)
        node.output[random.integer(node.output.length)] = wildName(random);
      return;
    case 8: {
      const attribute = pick(random, node?.attribute ?? []);
      if (attribute)
        attribute.ints = Array.from({ length: random.integer(6) }, () => pick(random, wholeNumbers));
      return;
    }
    case 9:
      if (shape)
        shape.dim = Array.from({ length: random.integer(6) }, () => ({
          dimValue: pick(random, wholeNumbers),
        }));
      return;
    case 10:
      if (slot?.type?.tensorType) slot.type.tensorType.elemType = random.integer(30);
      return;
    case 11:
      if (slot) slot.name = wildName(random);
      return;
    case 12:
      graph.node = [...(graph.node ?? []), ...(graph.node ?? [])];
      return;
    default:
      if (weight?.rawData)
        weight.rawData = weight.rawData.slice(0, random.integer(weight.rawData.length + 1));
  }
}

/** An ONNX file with one thing, or a few, said otherwise. */
export const onnxContents: Change = (bytes, random) => {
  const model = onnx.ModelProto.decode(bytes);
  if (random.integer(12) === 0) return nested(model, Math.min(deep(random), 3000));
  if (random.integer(12) === 0) {
    model.irVersion = pick(random, wholeNumbers);
    model.opsetImport = [{ domain: '', version: pick(random, wholeNumbers) }];
  }
  for (let i = random.integer(3); i >= 0; i--) changeGraph(model.graph as Graph, random);
  return onnx.ModelProto.encode(model).finish();
};

/** Branches in branches, put together as bytes: the library's own writing runs out of stack. */
function nested(model: Model, depth: number): Uint8Array {
  const { AttributeType } = onnx.AttributeProto;
  const field = (number: number, bytes: Uint8Array): Buffer => {
    const length: number[] = [];
    for (let rest = bytes.length; ; rest >>>= 7) {
      length.push(rest < 128 ? rest : (rest & 127) | 128);
      if (rest < 128) break;
    }
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
  };
  const node = onnx.NodeProto.encode({ opType: 'If', input: ['audio'], output: ['y'] }).finish();
  const attribute = onnx.AttributeProto.encode({ name: 'then_branch', type: AttributeType.GRAPH }).finish();
  let graph: Uint8Array = onnx.GraphProto.encode({ name: 'leaf' }).finish();
  for (let i = 0; i < depth; i++)
    graph = field(1, Buffer.concat([node, field(5, Buffer.concat([attribute, field(6, graph)]))]));
  // A second graph is merged into the first.
  return Buffer.concat([onnx.ModelProto.encode(model).finish(), field(7, graph)]);
}
