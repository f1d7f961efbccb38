/** @file Biases folded into the matrix products they are added to: one pass over the result instead of two. */
import { type GraphNode, usesOf, type Value } from './graph.js';

/**
 * The nodes with every `product + bias` as one Gemm, where nothing else reads the product.
 * @param outputs values that leave the graph
 */
export function fuseBiases(nodes: readonly GraphNode[], outputs: readonly Value[]): GraphNode[] {
  const uses = usesOf(nodes, outputs);
  const producers = new Map(nodes.flatMap((node) => node.outputs.map(({ id }) => [id, node] as const)));
  const folded = new Set<GraphNode>();
  const fused = nodes.map((node) => {
    if (node.op !== 'Add') return node;
    const [a, b] = node.inputs as readonly [Value, Value];
    for (const [sum, bias] of [
      [a, b],
      [b, a],
    ] as const) {
      const product = producers.get(sum.id);
      if (product === undefined || uses.get(sum.id) !== 1 || !takesBias(product)) continue;
      if (bias.shape.join() !== String(sum.shape[1])) continue;
      folded.add(product);
      return { ...node, op: 'Gemm', inputs: [...product.inputs, bias], attributes: product.attributes };
    }
    return node;
  });
  return fused.filter((node) => !folded.has(node));
}

/** Whether a node is a product of two matrices that has no bias yet. */
function takesBias({ op, inputs }: GraphNode): boolean {
  return (
    (op === 'Gemm' || op === 'MatMul') &&
    inputs.length === 2 &&
    inputs.every((value) => value?.shape.length === 2)
  );
}
