/** @file How a TensorFlow.js kernel is given its ONNX form. */

import { TraceBackend, traceBackendName } from '../backend.js';
import type { GraphBuilder, Value } from '../graph.js';
import * as tf from '../ops.js';

/** Appends the nodes of one kernel to the graph and returns its outputs. */
export type Lowering = (
  graph: GraphBuilder,
  inputs: Readonly<Record<string, Value>>,
  attributes: Readonly<Record<string, unknown>>,
) => Value | readonly Value[];

/** Registers the lowering of a kernel: a TensorFlow.js one, or one of our own called through `lowered`. */
export function defineLowering(kernelName: string, lowering: Lowering): void {
  tf.registerKernel({
    kernelName,
    backendName: traceBackendName,
    kernelFunc: ({ inputs, backend, attrs }) => {
      if (!(backend instanceof TraceBackend)) throw new Error(`${kernelName} ran outside a trace`);
      const values: Record<string, Value> = {};
      for (const [name, tensor] of Object.entries(inputs)) {
        if (tensor !== undefined && tensor !== null) values[name] = backend.valueFor(tensor as tf.TensorInfo);
      }
      const result = lowering(backend.builder, values, { ...attrs });
      return Array.isArray(result)
        ? result.map((value: Value) => backend.infoOf(value))
        : backend.infoOf(result as Value);
    },
  });
}

/** An input that the kernel cannot do without. */
export function need(inputs: Readonly<Record<string, Value>>, name: string): Value {
  const value = inputs[name];
  if (value === undefined) throw new Error(`input ${name} is missing`);
  return value;
}
