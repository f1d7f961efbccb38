/** @file Whether two traces of one function took the same course: the same operations on the same values. */
import type { Attribute, GraphNode, Subgraph, Value } from './graph.js';

export type Fail = (what: string) => never;

/** Follows two traces side by side; `fail` is called where they part. */
export interface Course {
  /** Takes note that two values are each other's twin. */
  pair(one: Value, other: Value): void;
  /** Both constants (to be compared by the caller): true. Both computed alike: false. */
  bothConstant(one: Value, other: Value): boolean;
  /** Two nodes are of one kind, with the same attributes and bodies; their inputs are left to the caller. */
  sameKind(one: GraphNode, other: GraphNode): void;
}

export function followCourse(fail: Fail): Course {
  const twins = new Map<number, number>();
  const parted = (where: string): never => fail(`its computation depends on the length (${where})`);
  const pair = (one: Value, other: Value): void => void twins.set(one.id, other.id);

  const bothConstant = (one: Value, other: Value): boolean => {
    if (one.data !== undefined && other.data !== undefined) return true;
    if (one.data !== undefined || other.data !== undefined) return parted('a value and a constant');
    return twins.get(one.id) === other.id ? false : parted('other values');
  };

  const sameBody = (op: string, one: Subgraph, other: Subgraph): void => {
    const inside = (a: Value, b: Value): void => {
      if (bothConstant(a, b) && !sameConstant(a, b))
        fail(`a constant in the body of ${op} depends on the length`);
    };
    if (one.nodes.length !== other.nodes.length) parted(`the body of ${op}`);
    for (const [i, value] of one.inputs.entries()) pair(value, other.inputs[i] as Value);
    for (const [i, node] of one.nodes.entries()) {
      const twin = other.nodes[i] as GraphNode;
      sameKind(node, twin);
      for (const [j, value] of node.inputs.entries()) if (value) inside(value, twin.inputs[j] as Value);
      for (const [j, value] of node.outputs.entries()) {
        const result = twin.outputs[j] as Value;
        if (value.shape.join() !== result.shape.join()) fail(`the body of ${op} depends on the length`);
        pair(value, result);
      }
    }
    for (const [i, value] of one.outputs.entries()) inside(value, other.outputs[i] as Value);
  };

  const sameKind = (one: GraphNode, other: GraphNode): void => {
    if (one.op !== other.op || one.inputs.length !== other.inputs.length) parted(`${one.op} or ${other.op}`);
    for (const [name, attribute] of Object.entries(one.attributes)) {
      const twin = other.attributes[name] as Attribute;
      if ('graph' in attribute && 'graph' in twin) sameBody(one.op, attribute.graph, twin.graph);
      else if (JSON.stringify(attribute) !== JSON.stringify(twin))
        fail(`${name} of ${one.op} depends on the length`);
    }
  };

  return { pair, bothConstant, sameKind };
}

export function sameConstant(a: Value, b: Value): boolean {
  const [one, other] = [a.data ?? [], b.data ?? []];
  if (a.shape.join() !== b.shape.join() || one.length !== other.length) return false;
  return one === other || Array.prototype.every.call(one, (x: number, i: number) => Object.is(x, other[i]));
}
