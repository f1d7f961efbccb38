/** @file From a function to the bytes of its ONNX model. */

import type { HostTensor } from '../base/host-tensor.js';
import { joinLengths } from './dynamic.js';
import type { ProgramOptions, TensorFunction } from './engine.js';
import type { Tensor } from './ops.js';
import { type ModelNames, serialize } from './serialize.js';
import { type TensorSpec, trace } from './trace.js';
import { isHostTensor, mapLeaves, type Tree } from './tree.js';

/** What is added to a length to trace a dynamic program at two lengths, neither of them special. */
const tracedLengths = [16 * 1009, 19 * 1009] as const;

/**
 * The bytes of the ONNX model of a function: for export, and for looking at what was compiled.
 * @param names how the model calls its outputs and free axes (default: as programs of the engine do)
 */
export function lowerToOnnx<In extends Tree<Tensor>, Out extends Tree<Tensor>>(
  fn: TensorFunction<In, Out>,
  inputs: Tree<TensorSpec>,
  options: ProgramOptions,
  names?: ModelNames,
): { readonly bytes: Uint8Array; readonly outputs: readonly string[] } {
  const { name, dynamicAxes = {} } = options;
  if (Object.keys(dynamicAxes).length === 0) {
    const graph = trace(name, fn, inputs);
    return { bytes: serialize(graph, undefined, names), outputs: graph.outputs.map(([path]) => path) };
  }
  const [a, b] = tracedLengths.map((more) => {
    const isSpec = (node: TensorSpec | Tree<TensorSpec>): node is TensorSpec => Array.isArray(node.shape);
    const longer = mapLeaves<TensorSpec, TensorSpec>(inputs, isSpec, (spec, path) => ({
      dtype: spec.dtype,
      shape: spec.shape.map((dim, axis) => (dynamicAxes[path] === axis ? dim + more : dim)),
    }));
    return trace(name, fn, longer);
  });
  if (a === undefined || b === undefined) throw new Error('two traces are needed');
  const { graph, dynamic } = joinLengths(name, a, b);
  return { bytes: serialize(graph, dynamic, names), outputs: graph.outputs.map(([path]) => path) };
}

/** What a trace needs to know of a program's inputs. */
export function specsOf(inputs: Tree<HostTensor>): Tree<TensorSpec> {
  return mapLeaves<HostTensor, TensorSpec>(inputs, isHostTensor, ({ shape, dtype }) => ({ shape, dtype }));
}
