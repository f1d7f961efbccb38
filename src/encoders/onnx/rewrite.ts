/** @file ONNX graphs rewritten so that they can stand in one: names apart, weights inside, operators of one version. */
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import onnxProto from 'onnx-proto';
import { UserError } from '../../base/errors.js';
import type { ModelFile } from './model-file.js';

const { onnx } = onnxProto;
type Model = InstanceType<typeof onnx.ModelProto>;
type Graph = NonNullable<Model['graph']>;
type Node = NonNullable<Graph['node']>[number];
type Tensor = NonNullable<Graph['initializer']>[number];

/** Puts a prefix before every name of a graph, those inside of its loops and branches too. */
export function withPrefix(graph: Graph, prefix: string): void {
  const named = (name: string): string => (name === '' ? '' : `${prefix}${name}`);
  for (const value of [...(graph.input ?? []), ...(graph.output ?? []), ...(graph.initializer ?? [])])
    value.name = named(value.name ?? '');
  for (const { values } of graph.sparseInitializer ?? []) if (values) values.name = named(values.name ?? '');
  graph.valueInfo = [];
  graph.quantizationAnnotation = [];
  for (const node of graph.node ?? []) {
    node.name = named(node.name ?? '');
    node.input = (node.input ?? []).map(named);
    node.output = (node.output ?? []).map(named);
    for (const { g, graphs } of node.attribute ?? [])
      for (const inner of [...(g ? [g] : []), ...(graphs ?? [])]) withPrefix(inner, prefix);
  }
}

/** One file holds less. */
const mostBytes = 2 ** 31 - 16 * 2 ** 20;

/**
 * Takes weights that lie in files beside the model into it.
 * @throws UserError where they are more than one file holds
 */
export async function embedded(graph: Graph, file: string): Promise<void> {
  let bytes = 0;
  for (const tensor of graph.initializer ?? []) {
    if (tensor.dataLocation !== onnx.TensorProto.DataLocation.EXTERNAL) continue;
    const data = await externalBytes(tensor, file);
    bytes += data.length;
    if (bytes > mostBytes)
      throw new UserError('has more weights than fit into one ONNX file (2 GiB)', {
        file,
        hint: 'Use --format parts',
      });
    tensor.rawData = data;
    tensor.externalData = [];
    tensor.dataLocation = onnx.TensorProto.DataLocation.DEFAULT;
  }
}

async function externalBytes(tensor: Tensor, file: string): Promise<Buffer> {
  const told = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value]));
  const handle = await open(join(dirname(file), String(told.get('location'))), 'r');
  try {
    const offset = Number(told.get('offset') ?? 0);
    const length = Number(told.get('length') ?? (await handle.stat()).size - offset);
    const bytes = Buffer.alloc(Math.min(length, (await handle.stat()).size));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Operators whose axes became an input in version 18. */
const reductions = ['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL2', 'ReduceLogSumExp'];

/**
 * A model of ours, written in version 18, with another version's operators (13 or newer) and names apart.
 * @param bytes inputs and outputs keep their names where they are the whole model's
 * @throws UserError for an operator that the version lacks
 */
export function asOperatorSet(bytes: Uint8Array, prefix: string, { file, operatorSet }: ModelFile) {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph as Graph;
  const axes = new Map((graph.initializer ?? []).map((tensor) => [tensor.name, tensor]));
  const outer = prefix === 'before/' ? graph.input : graph.output;
  const kept = new Set((outer ?? []).map(({ name }) => name ?? ''));
  const downgrade = (node: Node): void => {
    for (const { g } of node.attribute ?? []) for (const inner of g?.node ?? []) downgrade(inner);
    if (operatorSet >= 18) return;
    if (node.opType === 'LayerNormalization' && operatorSet < 17 && !node.domain)
      throw new UserError(`its operator set is version ${operatorSet}, a layer norm needs 17`, {
        file,
        hint: 'Use --format parts',
      });
    if (node.opType === 'Split')
      node.attribute = (node.attribute ?? []).filter(({ name }) => name !== 'num_outputs');
    const [data = '', names] = node.input ?? [];
    if (!reductions.includes(node.opType ?? '') || !names) return;
    node.input = [data];
    node.attribute = [
      ...(node.attribute ?? []),
      { name: 'axes', type: onnx.AttributeProto.AttributeType.INTS, ints: integersOf(axes.get(names)) },
    ];
  };
  for (const node of graph.node ?? []) downgrade(node);
  withPrefix(graph, prefix);
  restore(graph, prefix, kept);
  const { node = [], initializer = [], input = [], output = [] } = graph;
  return {
    opsetImport: model.opsetImport,
    graph: { node: node ?? [], initializer: initializer ?? [], input: input ?? [], output: output ?? [] },
  };
}

function integersOf(tensor: Tensor | undefined): number[] {
  if (!tensor?.rawData) throw new Error('the axes of a reduction are not constant');
  const bytes = Uint8Array.from(tensor.rawData);
  return Array.from(new BigInt64Array(bytes.buffer), Number);
}

/** Takes the prefix off the names of the whole model's inputs or outputs. */
function restore(graph: Graph, prefix: string, kept: ReadonlySet<string>): void {
  const plain = (name: string): string =>
    kept.has(name.slice(prefix.length)) && name.startsWith(prefix) ? name.slice(prefix.length) : name;
  for (const value of [...(graph.input ?? []), ...(graph.output ?? [])]) value.name = plain(value.name ?? '');
  const inside = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      node.input = (node.input ?? []).map(plain);
      node.output = (node.output ?? []).map(plain);
      for (const { g } of node.attribute ?? []) inside(g?.node ?? []);
    }
  };
  inside(graph.node ?? []);
}
