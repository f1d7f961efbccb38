/** @file A program as stages: a model, then the fused operations that read what it made, then the model that reads theirs. */
import { computedTypes, type DataType, type TensorSpec } from '../../base/host-tensor.js';
import { type GraphNode, readsOf, type Value } from '../graph.js';
import { outputName } from '../model-names.js';
import type { TracedGraph } from '../trace.js';
import type { Fused } from './fused.js';

/** What runs together: a model, then the fused operations, each when those before it are done. */
export interface Stage<Model> {
  /** Absent where nothing but fused operations is left to do. */
  readonly model: Model | undefined;
  /** Their inputs and outputs by the names that the models have for them. */
  readonly fused: readonly Fused<string>[];
}

export interface Stages<Model> {
  readonly stages: readonly Stage<Model>[];
  /** What stages leave to others and is no output of the program, as `outputName` calls it. */
  readonly between: readonly (TensorSpec & { readonly path: string })[];
}

/**
 * Every node in the earliest stage whose model can have it, and what is made of constants alone in every stage that reads it.
 * Inputs of the program are called by their paths, all that is made by `outputName`.
 * @returns undefined where a stage would leave lengths or positions to another
 */
export function stagesOf(graph: TracedGraph): Stages<TracedGraph> | undefined {
  const { inputs, outputs, nodes, fused } = graph;
  const places = placesOf(nodes, fused);
  const names = new Map<Value, string>(inputs.map(([path, value]) => [value, path]));
  /** Of each stage, the outputs of its model. */
  const made: [path: string, value: Value][][] = [];
  const make = (stage: number, path: string, value: Value): void => {
    made[stage] ??= [];
    made[stage].push([path, value]);
  };
  for (const [path, value] of outputs) {
    const isFirst = !names.has(value);
    if (isFirst) names.set(value, outputName(path));
    // What a fused operation makes is made once: under a second name the next model copies it.
    if (!isFirst || !places.afterModel.has(value)) make(places.forModels.get(value) ?? 0, path, value);
  }
  const between: (TensorSpec & { readonly path: string })[] = [];
  const nameOf = (value: Value): string => {
    const known = names.get(value);
    if (known !== undefined) return known;
    const path = `between/${between.length}`;
    between.push({ path, shape: value.shape, dtype: value.type as DataType });
    names.set(value, outputName(path));
    if (!places.afterModel.has(value)) make(places.forModels.get(value) ?? 0, path, value);
    return outputName(path);
  };
  const calls = fused.map(({ inputs: read, outputs: results, ...rest }) => ({
    ...rest,
    inputs: read.map((value) => value && nameOf(value)),
    outputs: results.map(nameOf),
  }));
  const parts = Array.from({ length: Math.max(places.count, made.length) }, (_, stage) => {
    const own = withConstant(
      nodes,
      (node) => places.ofNode.get(node) === stage,
      (made[stage] ?? []).map(([, value]) => value),
      places,
    );
    const here = new Set(own.flatMap((node) => node.outputs));
    const read = new Set([...readsOf(own), ...(made[stage] ?? []).map(([, value]) => value)]);
    const fromOthers = [...read].filter((value) => places.forModels.has(value) && !here.has(value));
    return {
      own,
      given: [...inputs.map(([, value]) => value).filter((value) => read.has(value)), ...fromOthers],
    };
  });
  // Names are given before models are written: what a later stage reads is an output of an earlier one.
  const given = parts.map((part) => part.given.map((value) => [nameOf(value), value] as const));
  if (between.some(({ dtype }) => !dataTypes.has(dtype))) return undefined;
  return {
    between,
    stages: parts.map(({ own }, stage) => {
      const results = made[stage] ?? [];
      const model = { ...graph, inputs: given[stage] ?? [], outputs: results, nodes: own, fused: [] };
      return {
        model: results.length === 0 ? undefined : model,
        fused: calls.filter((_, i) => places.ofFused[i] === stage),
      };
    }),
  };
}

/** What may lie in a tensor between models. */
const dataTypes: ReadonlySet<string> = new Set(computedTypes);

/** The nodes of a stage, and those that make what they and its outputs read out of constants; in their order. */
function withConstant(
  nodes: readonly GraphNode[],
  isOwn: (node: GraphNode) => boolean,
  outputs: readonly Value[],
  { constant }: Places,
): GraphNode[] {
  const read = new Set(outputs);
  const found: GraphNode[] = [];
  for (const node of [...nodes].reverse()) {
    const isWanted = isOwn(node) || (constant.has(node) && node.outputs.some((value) => read.has(value)));
    if (!isWanted) continue;
    for (const value of readsOf([node])) read.add(value);
    found.push(node);
  }
  return found.reverse();
}

interface Places {
  readonly count: number;
  /** The stage of each, but of those that make constants. */
  readonly ofNode: ReadonlyMap<GraphNode, number>;
  readonly ofFused: readonly number[];
  /** Nodes that read but constants. */
  readonly constant: ReadonlySet<GraphNode>;
  /** From which stage on models can read a value; absent for inputs of the program and constants. */
  readonly forModels: ReadonlyMap<Value, number>;
  /** What fused operations make. */
  readonly afterModel: ReadonlySet<Value>;
}

function placesOf(nodes: readonly GraphNode[], fused: readonly Fused<Value>[]): Places {
  const constant = constantNodes(nodes);
  const reads = nodes.filter((node) => !constant.has(node)).map((node) => [node, readsOf([node])] as const);
  const ofNode = new Map<GraphNode, number>();
  const [forModels, forFused] = [new Map<Value, number>(), new Map<Value, number>()];
  const latest = (of: ReadonlyMap<Value, number>, values: readonly (Value | undefined)[]): number =>
    values.reduce((most, value) => Math.max(most, (value && of.get(value)) ?? 0), 0);
  let ofFused: readonly number[] = [];
  // A turn for each stage: nodes and fused operations are in order among themselves, not with each other.
  for (let changed = true; changed; ) {
    changed = false;
    for (const [node, values] of reads) {
      const stage = latest(forModels, values);
      changed ||= ofNode.get(node) !== stage;
      ofNode.set(node, stage);
      for (const value of node.outputs) {
        forModels.set(value, stage);
        forFused.set(value, stage);
      }
    }
    const before = ofFused;
    ofFused = fused.map(({ inputs, outputs }) => {
      const stage = latest(forFused, inputs);
      for (const value of outputs) {
        forModels.set(value, stage + 1);
        forFused.set(value, stage);
      }
      return stage;
    });
    changed ||= ofFused.some((stage, i) => stage !== before[i]);
  }
  return {
    ...{ ofNode, ofFused, constant, forModels },
    count: 1 + Math.max(0, ...ofNode.values(), ...ofFused),
    afterModel: new Set(fused.flatMap((each) => each.outputs)),
  };
}

function constantNodes(nodes: readonly GraphNode[]): Set<GraphNode> {
  const found = new Set<GraphNode>();
  const made = new Set<Value>();
  for (const node of nodes) {
    if (!readsOf([node]).every((value) => value.data !== undefined || made.has(value))) continue;
    found.add(node);
    for (const value of node.outputs) made.add(value);
  }
  return found;
}
