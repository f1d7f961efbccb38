/** @file Runs a TensorFlow.js function on names instead of numbers, and keeps the graph it wrote. */

import { activeTraceBackend, computedType, traceBackendName, withBackend } from './backend.js';
import type { ProviderName, TensorFunction } from './engine.js';
import { fuseAdditions } from './fuse.js';
import type { Fused } from './fused/fused.js';
import { liveFused } from './fused/operations.js';
import { GraphBuilder, type GraphNode, usesOf, type Value } from './graph.js';
import { isNamed } from './held.js';
import { cast } from './kernels/elementwise.js';
import * as tf from './ops.js';
import './kernels/index.js';
import { messageOf } from '../base/errors.js';
import type { TensorSpec } from '../base/host-tensor.js';
import { flatten, type Tree } from './tree.js';

/** A traced function: the inputs that it uses and its outputs, named, and the nodes between them that matter. */
export interface TracedGraph {
  readonly inputs: readonly (readonly [path: string, value: Value])[];
  readonly outputs: readonly (readonly [path: string, value: Value])[];
  readonly nodes: readonly GraphNode[];
  /** What runs after the nodes, on what they made. */
  readonly fused: readonly Fused<Value>[];
  /** Not used by any value. */
  readonly nextId: number;
}

/** Where a traced function will run, as far as its graph depends on it. */
export interface TracePlace {
  /** Default: anywhere. */
  readonly provider?: ProviderName | undefined;
  /** Whether fused operations run there (default: no). */
  readonly fuses?: boolean | undefined;
  /** Outputs (top-level names) that leave as half-precision numbers (default: none). */
  readonly halves?: readonly string[] | undefined;
}

export const isTensor = (node: tf.Tensor | Tree<tf.Tensor>): node is tf.Tensor => node instanceof tf.Tensor;

/**
 * Traces `fn` for inputs of the given shapes.
 * @throws Error naming the program and the operation that cannot be compiled
 */
export function trace<In extends Tree<tf.Tensor>, Out extends Tree<tf.Tensor>>(
  name: string,
  fn: TensorFunction<In, Out>,
  specs: Tree<TensorSpec>,
  { provider, fuses = false, halves = [] }: TracePlace = {},
): TracedGraph {
  return withBackend(traceBackendName, () => {
    const backend = activeTraceBackend();
    if (backend === undefined) throw new Error('the trace backend did not start');
    const graph = new GraphBuilder(provider, fuses);
    const inputs: [string, Value][] = [];
    return backend.tracing(graph, () => {
      const build = (tree: Tree<TensorSpec>, prefix: string): Tree<tf.Tensor> =>
        Object.fromEntries(
          Object.entries(tree).map(([key, node]) => {
            if (!isSpec(node)) return [key, build(node, `${prefix}${key}/`)];
            const value = graph.input(node.shape, node.dtype);
            inputs.push([prefix + key, value]);
            return [key, backend.tensorOf(value)];
          }),
        );
      try {
        const outputs: [string, Value][] = [];
        tf.tidy(() => {
          for (const [path, tensor] of flatten<tf.Tensor>(fn(build(specs, '') as In), isTensor)) {
            computedType(tensor.dtype);
            const value = backend.valueFor(tensor);
            outputs.push([path, isNamed(halves, path) ? cast(graph, value, 'float16') : value]);
          }
        });
        const wanted = outputs.map(([, value]) => value);
        const made = graph.finish();
        const fused = liveFused(graph.fusedOperations, (read) => liveNodes(made, read), wanted);
        const results = [
          ...wanted,
          ...fused.flatMap(({ inputs: read }) => read.filter((value) => value !== undefined)),
        ];
        const nodes = liveNodes(fuseAdditions(liveNodes(made, results), results), results);
        const used = usesOf(nodes, results);
        return {
          inputs: inputs.filter(([, { id }]) => used.has(id)),
          outputs,
          nodes,
          fused,
          nextId: graph.nextValueId,
        };
      } catch (error) {
        throw new Error(`cannot compile ${name}: ${explain(messageOf(error))}`, { cause: error });
      }
    });
  });
}

export function isSpec(node: TensorSpec | Tree<TensorSpec>): node is TensorSpec {
  return Array.isArray((node as { shape?: unknown }).shape);
}

function explain(message: string): string {
  const kernel = /Kernel '(\w+)' not registered/.exec(message)?.[1];
  return kernel === undefined ? message : `the operation ${kernel} has no compiled form`;
}

/** Nodes that some output depends on, in their order; bodies of Scans are cleaned as well. */
function liveNodes(nodes: readonly GraphNode[], outputs: readonly Value[]): GraphNode[] {
  const wanted = new Set(outputs.map((value) => value.id));
  const live: GraphNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((value) => wanted.has(value.id))) continue;
    const attributes = Object.fromEntries(
      Object.entries(node.attributes).map(([key, attribute]) => {
        if (!('graph' in attribute)) return [key, attribute];
        const body = attribute.graph;
        const inner = liveNodes(body.nodes, body.outputs);
        for (const value of [...inner.flatMap((each) => each.inputs), ...body.outputs]) {
          if (value !== undefined) wanted.add(value.id);
        }
        for (const value of inner.flatMap(capturedByBodies)) wanted.add(value.id);
        return [key, { graph: { ...body, nodes: inner } }];
      }),
    );
    for (const value of node.inputs) if (value !== undefined) wanted.add(value.id);
    live.push({ ...node, attributes });
  }
  return live.reverse();
}

/** Values that the bodies inside a node read. */
function capturedByBodies(node: GraphNode): Value[] {
  return Object.values(node.attributes).flatMap((attribute) =>
    'graph' in attribute
      ? attribute.graph.nodes.flatMap((inner) => [
          ...inner.inputs.filter((value) => value !== undefined),
          ...capturedByBodies(inner),
        ])
      : [],
  );
}
