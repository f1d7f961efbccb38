/** @file The border between a model and the fused operations that run after it. */
import type { DataType, TensorSpec } from '../../base/host-tensor.js';
import type { Value } from '../graph.js';
import { outputName } from '../model-names.js';
import type { TracedGraph } from '../trace.js';
import type { Fused } from './fused.js';

/** What is to be done when a model has run. */
export interface AfterModel {
  /** In an order in which each reads what is there: inputs of the model, its outputs, and what others before it made, by their names. */
  readonly fused: readonly Fused<string>[];
  /** Outputs of the model that are no outputs of the program, and results that nobody else reads. */
  readonly between: readonly (TensorSpec & { readonly path: string })[];
  /** Paths of outputs that the fused operations make, not the model. */
  readonly makes: ReadonlySet<string>;
}

/** A graph without its fused operations, whose outputs are what is left and what they read; and they, by names. */
export function splitAfter(graph: TracedGraph): {
  readonly inModel: TracedGraph;
  readonly after: AfterModel;
} {
  const madeAfter = new Set(graph.fused.flatMap((each) => each.outputs));
  const nameOf = new Map<Value, string>();
  for (const [path, value] of graph.inputs) nameOf.set(value, path);
  for (const [path, value] of graph.outputs) if (madeAfter.has(value)) nameOf.set(value, outputName(path));
  const between: (readonly [path: string, value: Value])[] = [];
  const named = (value: Value): string => {
    const known = nameOf.get(value);
    if (known !== undefined) return known;
    const path = `between/${between.length}`;
    between.push([path, value]);
    nameOf.set(value, outputName(path));
    return outputName(path);
  };
  const fused = graph.fused.map(({ inputs, outputs, ...rest }) => ({
    ...rest,
    inputs: inputs.map((value) => value && named(value)),
    outputs: outputs.map(named),
  }));
  const isMadeAfter = ([, value]: readonly [string, Value]): boolean => madeAfter.has(value);
  return {
    inModel: {
      ...graph,
      outputs: [...graph.outputs, ...between].filter((output) => !isMadeAfter(output)),
    },
    after: {
      fused,
      between: between.map(([path, { shape, type }]) => ({
        ...{ path, shape, dtype: type as DataType },
      })),
      makes: new Set([...graph.outputs, ...between].filter(isMadeAfter).map(([path]) => path)),
    },
  };
}
