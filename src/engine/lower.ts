/** @file From a function to the bytes of its ONNX model. */

import type { TensorSpec } from '../base/host-tensor.js';
import type { EngineTensor } from './device/tensor.js';
import { joinLengths } from './dynamic.js';
import type { ProgramOptions, TensorFunction } from './engine.js';
import { type AfterModel, splitAfter } from './fused/after-model.js';
import { type ModelNames, outputName } from './model-names.js';
import type { Tensor } from './ops.js';
import { type DynamicDims, serialize } from './serialize.js';
import type { ModelOutput } from './spare-memory.js';
import { type TracedGraph, type TracePlace, trace } from './trace.js';
import { isLeaf, mapLeaves, type Tree } from './tree.js';

/**
 * What is added to a length to trace a dynamic program at two lengths, neither of them special: half a minute and a minute
 * of audio and a little, so that windows of half a minute differ in number.
 */
const tracedLengths = [496 * 1009, 997 * 1009] as const;

/** An ONNX model, and what it takes to run it. */
export interface Model {
  readonly bytes: Uint8Array;
  /** Paths of the inputs that are used. */
  readonly inputs: readonly string[];
  readonly outputs: readonly Omit<ModelOutput, 'kept'>[];
  /** What is to be done when the model has run; none but where `fuses` was asked for. */
  readonly after: AfterModel;
}

/**
 * The ONNX model of a function: for programs, for export, and for looking at what was compiled.
 * @param options.provider where it will run: default `cpu`, whose form runs everywhere
 * @param options.fuses whether what runs it does fused operations (default: no)
 * @param names how the model calls its outputs and free axes (default: as programs of the engine do)
 */
export function lowerToOnnx<In extends Tree<Tensor>, Out extends Tree<Tensor>>(
  fn: TensorFunction<In, Out>,
  inputs: Tree<TensorSpec>,
  options: Pick<ProgramOptions, 'name' | 'dynamicAxes'> & TracePlace,
  names?: ModelNames,
): Model {
  const { name, dynamicAxes = {}, provider, fuses } = options;
  if (Object.keys(dynamicAxes).length === 0)
    return modelOf(trace(name, fn, inputs, { provider, fuses }), new Map(), names);
  const [a, b] = tracedLengths.map((more) => {
    const isSpec = (node: TensorSpec | Tree<TensorSpec>): node is TensorSpec => Array.isArray(node.shape);
    const longer = mapLeaves<TensorSpec, TensorSpec>(inputs, isSpec, (spec, path) => ({
      dtype: spec.dtype,
      shape: spec.shape.map((dim, axis) => (dynamicAxes[path] === axis ? dim + more : dim)),
    }));
    return trace(name, fn, longer, { provider });
  });
  if (a === undefined || b === undefined) throw new Error('two traces are needed');
  const { graph, dynamic } = joinLengths(name, a, b);
  return modelOf(graph, dynamic, names);
}

function modelOf(graph: TracedGraph, dynamic: DynamicDims, names: ModelNames | undefined): Model {
  const { inModel, after } = splitAfter(graph);
  return {
    bytes: serialize(inModel, dynamic, names),
    inputs: graph.inputs.map(([path]) => path),
    outputs: graph.outputs.map(([path, { shape, type }]) => {
      const free = (dynamic.get(outputName(path)) ?? []).length > 0;
      return { path, spec: free ? undefined : { shape, dtype: type as TensorSpec['dtype'] } };
    }),
    after,
  };
}

/** What a trace needs to know of a program's inputs. */
export function specsOf(inputs: Tree<EngineTensor>): Tree<TensorSpec> {
  return mapLeaves<EngineTensor, TensorSpec>(inputs, isLeaf, ({ shape, dtype }) => ({ shape, dtype }));
}
