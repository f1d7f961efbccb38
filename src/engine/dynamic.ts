/**
 * @file Programs of any length: a function is traced at two lengths, and what differs between the
 * two graphs is what depends on the length. Sizes are then computed while the program runs.
 */

import type { GraphNode, Value } from './graph.js';
import { outputName } from './model-names.js';
import type { OnnxOperator } from './onnx-operators.js';
import { type Course, type Fail, followCourse, sameConstant } from './same-course.js';
import type { DynamicDims } from './serialize.js';
import type { TracedGraph } from './trace.js';

/** Larger than any axis: the end of a slice that reaches to the end. */
const toTheEnd = 2 ** 40;

/** Where sizes that depend on the length can be read: 'a:b' to a value and its axis. */
type Sources = Map<string, { readonly value: Value; readonly axis: number }>;

interface Pairing {
  readonly sources: Sources;
  nextId: number;
}

/** The sizes that a value shows. */
function axesOf(one: Value, other: Value): Sources {
  const shown: Sources = new Map();
  for (const [axis, length] of one.shape.entries())
    if (length !== other.shape[axis]) shown.set(`${length}:${other.shape[axis]}`, { value: one, axis });
  return shown;
}

/**
 * Joins two traces of one function, at two lengths, into a graph for every length.
 * @throws Error where a constant or the course of the computation depends on the length
 */
export function joinLengths(
  name: string,
  a: TracedGraph,
  b: TracedGraph,
): { graph: TracedGraph; dynamic: DynamicDims } {
  const fail: Fail = (what) => {
    throw new Error(`cannot compile ${name} for every length: ${what}`);
  };
  if (a.nodes.length !== b.nodes.length) fail('its computation depends on the length');
  const course = followCourse(fail);
  const pairing: Pairing = { sources: new Map(), nextId: a.nextId };
  const dynamic = new Map<string, readonly number[]>();
  const learn = (one: Value, other: Value): number[] => {
    course.pair(one, other);
    const shown = axesOf(one, other);
    for (const [key, source] of shown) if (!pairing.sources.has(key)) pairing.sources.set(key, source);
    return one.shape.flatMap((dim, axis) => (dim === other.shape[axis] ? [] : [axis]));
  };
  for (const [i, [path, value]] of a.inputs.entries())
    dynamic.set(path, learn(value, b.inputs[i]?.[1] as Value));
  const nodes: GraphNode[] = [];
  for (const [i, node] of a.nodes.entries()) {
    const other = b.nodes[i] as GraphNode;
    course.sameKind(node, other);
    nodes.push(...withoutLengths(node, other, course, pairing, fail));
    for (const [j, output] of node.outputs.entries()) learn(output, other.outputs[j] as Value);
  }
  for (const [i, [path, value]] of a.outputs.entries()) {
    const twin = b.outputs[i]?.[1] as Value;
    if (course.bothConstant(value, twin) && !sameConstant(value, twin))
      fail(`the output ${path} is a constant that depends on the length; derive it from an input`);
    dynamic.set(outputName(path), learn(value, twin));
  }
  return { graph: { ...a, nodes }, dynamic };
}

/** The node with operands that hold at every length, after the nodes that compute them. */
function withoutLengths(
  node: GraphNode,
  other: GraphNode,
  course: Course,
  pairing: Pairing,
  fail: Fail,
): GraphNode[] {
  const before: GraphNode[] = [];
  const inputs = node.inputs.map((value, position) => {
    const twin = other.inputs[position];
    if (value === undefined || twin === undefined) return value;
    if (!course.bothConstant(value, twin) || sameConstant(value, twin)) return value;
    if (value.type !== 'int64')
      return fail(`a constant of ${node.op} depends on the length; derive it from an input`);
    if (node.op === 'Reshape') return reshapeOperand(node, other, value, twin, pairing, before);
    if (node.op === 'Slice' && (position === 1 || position === 2))
      return sliceBounds(node, other, value, twin, pairing, fail);
    if (node.op === 'Expand') return runtimeSizes(value, twin, pairing.sources, pairing, before, fail);
    return fail(`an operand of ${node.op} depends on the length`);
  });
  return [...before, { ...node, inputs }];

  function reshapeOperand(
    one: GraphNode,
    two: GraphNode,
    shape: Value,
    otherShape: Value,
    pairs: Pairing,
    extra: GraphNode[],
  ): Value {
    const [from, fromOther] = [one.inputs[0] as Value, two.inputs[0] as Value];
    const [sizes, otherSizes] = [numbers(shape), numbers(otherShape)];
    let free = 0;
    const result = sizes.map((size, i) => {
      if (size === otherSizes[i]) return size;
      if (from.shape[i] === size && fromOther.shape[i] === otherSizes[i]) return 0;
      free++;
      return -1;
    });
    if (free <= 1) return constant(result, pairs);
    // Two axes may have one length at both traces and differ at others: what is reshaped is asked first.
    const sources = new Map([...pairs.sources, ...axesOf(from, fromOther)]);
    return runtimeSizes(shape, otherShape, sources, pairs, extra, fail);
  }
}

/** Where slices start or end, counted from the end of the axis where that holds at every length. */
function sliceBounds(
  node: GraphNode,
  other: GraphNode,
  bounds: Value,
  otherBounds: Value,
  pairing: Pairing,
  fail: Fail,
): Value {
  const [from, fromOther] = [node.inputs[0] as Value, other.inputs[0] as Value];
  const axes = numbers(node.inputs[3] as Value);
  const others = numbers(otherBounds);
  const result = numbers(bounds).map((bound, i) => {
    const axis = axes[i] as number;
    const [length, otherLength] = [from.shape[axis] as number, fromOther.shape[axis] as number];
    if (bound === others[i]) return bound;
    if (bound === length && others[i] === otherLength) return toTheEnd;
    if (bound - length === (others[i] as number) - otherLength) return bound - length;
    return fail('the bounds of a slice depend on the length');
  });
  return constant(result, pairing);
}

/** Sizes read from values while the program runs, joined into one vector. */
function runtimeSizes(
  shape: Value,
  otherShape: Value,
  sources: Sources,
  pairing: Pairing,
  before: GraphNode[],
  fail: Fail,
): Value {
  const others = numbers(otherShape);
  const parts = numbers(shape).map((size, i) => {
    if (size === others[i]) return constant([size], pairing);
    const source = sources.get(`${size}:${others[i]}`);
    if (source === undefined) return fail('a size depends on the length in a way that no value shows');
    const all = append('Shape', [source.value], [source.value.shape.length], pairing, before);
    const attributes = { axis: { int: 0 } };
    return append('Gather', [all, constant([source.axis], pairing)], [1], pairing, before, attributes);
  });
  return append('Concat', parts, [parts.length], pairing, before, { axis: { int: 0 } });
}

function append(
  op: OnnxOperator,
  inputs: readonly Value[],
  shape: readonly number[],
  pairing: Pairing,
  before: GraphNode[],
  attributes: GraphNode['attributes'] = {},
): Value {
  const value: Value = { id: pairing.nextId++, type: 'int64', shape };
  before.push({ op, domain: '', inputs, outputs: [value], attributes });
  return value;
}

function constant(data: readonly number[], pairing: Pairing): Value {
  return { id: pairing.nextId++, type: 'int64', shape: [data.length], data };
}

const numbers = (value: Value): number[] => Array.from(value.data ?? []);
