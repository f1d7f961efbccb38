/** @file Scales and shifts folded into the operators before them: one pass over the result instead of two or three. */
import { type GraphNode, usesOf, type Value } from './graph.js';

/**
 * The nodes with every `product + bias` as one Gemm, and every `normalised * scale + shift` as one LayerNormalization,
 * where nothing else reads what is in between. The nodes that were folded are left to be dropped as dead.
 * @param outputs values that leave the graph
 */
export function fuseAdditions(nodes: readonly GraphNode[], outputs: readonly Value[]): GraphNode[] {
  const uses = usesOf(nodes, outputs);
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((value) => [value.id, node] as const)));
  /** What makes a value that is read once. */
  const only = (value: Value): GraphNode | undefined =>
    uses.get(value.id) === 1 ? producers.get(value.id) : undefined;
  return nodes.map((node) => {
    if (node.op !== 'Add') return node;
    for (const [sum, row] of bothOrders(node)) {
      const before = only(sum);
      if (before === undefined || row.shape.join() !== String(sum.shape.at(-1))) continue;
      const into = takesBias(before) ? [before] : scaledNorm(before, only, uses);
      const [first] = into;
      if (first === undefined) continue;
      const { domain, attributes } = first;
      if (into.length === 1)
        return { ...node, op: 'Gemm', domain, inputs: [...first.inputs, row], attributes };
      const scale = into[1]?.inputs.find((value) => value?.id !== first.outputs[0]?.id);
      return { ...node, op: first.op, domain, inputs: [first.inputs[0], scale, row], attributes };
    }
    return node;
  });
}

function bothOrders({ inputs }: GraphNode): readonly (readonly [Value, Value])[] {
  const [a, b] = inputs as readonly [Value, Value];
  return [
    [a, b],
    [b, a],
  ];
}

/** Whether a node is a product of two matrices that has no bias yet. */
function takesBias({ op, inputs }: GraphNode): boolean {
  return (
    (op === 'Gemm' || op === 'MatMul') &&
    inputs.length === 2 &&
    inputs.every((value) => value?.shape.length === 2)
  );
}

/** A normalisation without scale and shift and the row it is multiplied by; none where the node is something else. */
function scaledNorm(
  node: GraphNode,
  only: (value: Value) => GraphNode | undefined,
  uses: ReadonlyMap<number, number>,
): readonly GraphNode[] {
  if (node.op !== 'Mul') return [];
  for (const [normal, scale] of bothOrders(node)) {
    const norm = only(normal);
    if (norm?.op !== 'LayerNormalization' || norm.inputs.length !== 2) continue;
    const statisticsRead = norm.outputs.slice(1).some(({ id }) => uses.has(id));
    if (!statisticsRead && isOnes(norm.inputs[1]) && scale.shape.join() === String(normal.shape.at(-1)))
      return [norm, node];
  }
  return [];
}

const isOnes = (value: Value | undefined): boolean => {
  const source = value?.broadcastOf ?? value;
  return source?.data?.every((x: number) => x === 1) ?? false;
};
