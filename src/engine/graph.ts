/** @file The graph a trace writes: values, nodes, shared constants. */
import { type DataType, sizeOf } from '../base/host-tensor.js';
import type { ProviderName } from './engine.js';
import type { Fused, FusedName } from './fused/fused.js';
import type { OnnxOperator } from './onnx-operators.js';

/** Types of values inside a graph; int64 and uint32 never leave it. */
export type ValueType = DataType | 'int64' | 'uint32';
export type Numbers = Float32Array | Int32Array | Uint8Array | readonly number[];

/** A value in a graph. `data` is set for constants; `broadcastOf` where the value is an Expand of a smaller one. */
export interface Value {
  readonly id: number;
  readonly type: ValueType;
  readonly shape: readonly number[];
  readonly data?: Numbers;
  readonly broadcastOf?: Value;
  readonly producer?: GraphNode;
}

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string }
  | { readonly graph: Subgraph };

export interface GraphNode {
  readonly op: OnnxOperator;
  /** '' is the standard operator set; 'com.microsoft' the runtime's own. */
  readonly domain: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** The body of a Scan: it may use values of the graph around it. */
export interface Subgraph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly GraphNode[];
}

export interface OutputSpec {
  readonly shape: readonly number[];
  readonly type: ValueType;
}

export interface EmitOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
}

/** Constants of more elements than this are shared by identity only, not by content. */
const largestHashedConstant = 4096;

/** Collects nodes while a function is traced. Equal constants and equal nodes are shared. */
export class GraphBuilder {
  private nodes: GraphNode[] = [];
  private nextId = 0;
  private readonly constantsByContent = new Map<string, Value>();
  private readonly constantsByArray = new Map<Numbers, Value[]>();
  private nodesByContent = new Map<string, GraphNode>();
  private readonly fusedNodes: Fused<Value>[] = [];
  private depth = 0;

  /**
   * @param provider where the graph will run: some operators have another form there
   * @param hasFused whether fused operations run there
   */
  constructor(
    readonly provider: ProviderName = 'cpu',
    private readonly hasFused = false,
  ) {}

  input(shape: readonly number[], type: ValueType): Value {
    return { id: this.nextId++, type, shape };
  }

  /** A constant; a large one whose elements are all equal becomes a broadcast scalar. */
  constant(data: Numbers, shape: readonly number[], type: ValueType): Value {
    const size = sizeOf(shape);
    const first = data[0];
    if (
      type !== 'int64' &&
      size > 1 &&
      first !== undefined &&
      data.every((x: number) => Object.is(x, first))
    ) {
      return this.expand(this.constant([first], [], type), shape);
    }
    if (size > largestHashedConstant) {
      const known = this.constantsByArray.get(data) ?? [];
      const same = known.find((value) => value.type === type && value.shape.join() === shape.join());
      if (same !== undefined) return same;
      const value: Value = { id: this.nextId++, type, shape, data };
      this.constantsByArray.set(data, [...known, value]);
      return value;
    }
    const key = `${type}[${shape.join()}]${Array.from(data, (x) => (Object.is(x, -0) ? '-0' : x)).join()}`;
    const known = this.constantsByContent.get(key);
    if (known !== undefined) return known;
    const value: Value = { id: this.nextId++, type, shape, data };
    this.constantsByContent.set(key, value);
    return value;
  }

  scalar(x: number, type: ValueType = 'float32'): Value {
    return this.constant([x], [], type);
  }

  /** A vector of sizes, axes or positions. */
  int64s(values: readonly number[]): Value {
    return this.constant(values, [values.length], 'int64');
  }

  /** Appends a node with several outputs. */
  emitMany(
    op: OnnxOperator,
    inputs: readonly (Value | undefined)[],
    outputs: readonly OutputSpec[],
    options: EmitOptions = {},
  ): readonly Value[] {
    const attributes = options.attributes ?? {};
    const domain = options.domain ?? '';
    const key = `${domain}:${op}(${inputs.map((value) => value?.id ?? '').join()})${outputs.length}${contentOf(attributes)}`;
    const known = this.nodesByContent.get(key);
    if (known !== undefined) return known.outputs;
    const node: GraphNode = { op, domain, inputs, outputs: [], attributes };
    for (const { shape, type } of outputs)
      node.outputs.push({ id: this.nextId++, type, shape, producer: node });
    this.nodes.push(node);
    this.nodesByContent.set(key, node);
    return node.outputs;
  }

  /** Appends a node with one output. */
  emit(
    op: OnnxOperator,
    inputs: readonly (Value | undefined)[],
    shape: readonly number[],
    type: ValueType,
    options: EmitOptions = {},
  ): Value {
    return this.emitMany(op, inputs, [{ shape, type }], options)[0] as Value;
  }

  /** `value` broadcast to `shape`; operators that broadcast by themselves use the smaller value. */
  expand(value: Value, shape: readonly number[]): Value {
    if (value.shape.join() === shape.join()) return value;
    const source = value.broadcastOf ?? value;
    const node: GraphNode = {
      op: 'Expand',
      domain: '',
      inputs: [source, this.int64s(shape)],
      outputs: [],
      attributes: {},
    };
    const key = `Expand(${source.id},${shape.join()})`;
    const known = this.nodesByContent.get(key);
    if (known !== undefined) return known.outputs[0] as Value;
    const output: Value = { id: this.nextId++, type: value.type, shape, broadcastOf: source, producer: node };
    node.outputs.push(output);
    this.nodes.push(node);
    this.nodesByContent.set(key, node);
    return output;
  }

  /** Whether operations may be fused here: not in the body of a Scan, which is a part of the model. */
  get fuses(): boolean {
    return this.hasFused && this.depth === 0;
  }

  /** Appends a fused operation, which runs when the model has run. */
  fuse(
    name: FusedName,
    inputs: readonly (Value | undefined)[],
    outputs: readonly OutputSpec[],
    numbers: readonly number[],
  ): readonly Value[] {
    const made = outputs.map((spec): Value => ({ id: this.nextId++, ...spec }));
    this.fusedNodes.push({ name, inputs, outputs: made, numbers });
    return made;
  }

  get fusedOperations(): readonly Fused<Value>[] {
    return this.fusedNodes;
  }

  /** Traces the body of a Scan: its nodes go into a graph of their own, its constants into this one. */
  subgraph(inputs: readonly Value[], body: () => readonly Value[]): Subgraph {
    const [nodes, shared] = [this.nodes, this.nodesByContent];
    this.nodes = [];
    // Nodes outside are visible inside, but nodes made inside must not be shared outside.
    this.nodesByContent = new Map(shared);
    this.depth++;
    try {
      const results = body();
      // A body's outputs must be made inside it.
      const outputs = results.map((value, i) => {
        const inside = this.nodes.some((node) => node.outputs.includes(value));
        return inside && results.indexOf(value) === i ? value : this.copy(value);
      });
      return { inputs, outputs, nodes: this.nodes };
    } finally {
      this.nodes = nodes;
      this.nodesByContent = shared;
      this.depth--;
    }
  }

  /** Whether a node of this very graph makes the value: inside a body, not one outside of it. */
  isMadeHere({ producer }: Value): boolean {
    return producer !== undefined && this.nodes.includes(producer);
  }

  get nextValueId(): number {
    return this.nextId;
  }

  finish(): readonly GraphNode[] {
    return this.nodes;
  }

  private copy(value: Value): Value {
    const node: GraphNode = { op: 'Identity', domain: '', inputs: [value], outputs: [], attributes: {} };
    const output: Value = { id: this.nextId++, type: value.type, shape: value.shape, producer: node };
    node.outputs.push(output);
    this.nodes.push(node);
    return output;
  }
}

/** What nodes and the bodies inside them read, as often as they do; a body's outputs are read, too. */
export function readsOf(nodes: readonly GraphNode[]): Value[] {
  return nodes.flatMap((node) => [
    ...node.inputs.filter((value) => value !== undefined),
    ...Object.values(node.attributes).flatMap((attribute) =>
      'graph' in attribute ? [...readsOf(attribute.graph.nodes), ...attribute.graph.outputs] : [],
    ),
  ]);
}

/** How often each value is read, by its id: by nodes, by the bodies inside them, and as an output. */
export function usesOf(nodes: readonly GraphNode[], outputs: readonly Value[]): Map<number, number> {
  const uses = new Map<number, number>();
  for (const { id } of [...readsOf(nodes), ...outputs]) uses.set(id, (uses.get(id) ?? 0) + 1);
  return uses;
}

function contentOf(attributes: Readonly<Record<string, Attribute>>): string {
  return Object.entries(attributes)
    .map(([name, attribute]) => {
      if ('graph' in attribute)
        return `${name}=graph${attribute.graph.outputs.map((value) => value.id).join()}`;
      return `${name}=${Object.values(attribute).join()}`;
    })
    .join(';');
}
