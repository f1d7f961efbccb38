/** @file A loop over time: ONNX Scan when compiled, a JavaScript loop when eager. */

import { activeTraceBackend, type TraceBackend } from './backend.js';
import * as tf from './ops.js';

export interface ScanResult {
  /** The state after the last step. */
  readonly state: tf.Tensor[];
  /** The steps' outputs, stacked on axis 0. */
  readonly outputs: tf.Tensor[];
}

/** One step: the state before it and the step's slices, to the state after it and the step's outputs. */
export type ScanBody = (
  state: tf.Tensor[],
  slices: tf.Tensor[],
) => { readonly state: readonly tf.Tensor[]; readonly outputs: readonly tf.Tensor[] };

/**
 * Runs `body` along axis 0 of `sequences`, backwards if `reverse` (outputs stay in the order of time).
 * Not differentiable: use it inside `tf.customGrad`.
 */
export function scan(
  body: ScanBody,
  initial: readonly tf.Tensor[],
  sequences: readonly tf.Tensor[],
  options: { readonly reverse?: boolean } = {},
): ScanResult {
  if (sequences.length === 0) throw new Error('scan needs a sequence');
  const backend = activeTraceBackend();
  const reverse = options.reverse ?? false;
  return backend === undefined
    ? eagerScan(body, initial, sequences, reverse)
    : tracedScan(backend, body, initial, sequences, reverse);
}

function eagerScan(
  body: ScanBody,
  initial: readonly tf.Tensor[],
  sequences: readonly tf.Tensor[],
  reverse: boolean,
): ScanResult {
  const slices = sequences.map((sequence) => tf.unstack(sequence, 0));
  const length = slices[0]?.length ?? 0;
  let state = [...initial];
  const outputs: tf.Tensor[][] = [];
  for (let step = 0; step < length; step++) {
    const t = reverse ? length - 1 - step : step;
    const result = body(
      state,
      slices.map((row) => row[t] as tf.Tensor),
    );
    state = [...result.state];
    outputs.push([...result.outputs]);
  }
  if (reverse) outputs.reverse();
  const count = outputs[0]?.length ?? 0;
  return {
    state,
    outputs: Array.from({ length: count }, (_, i) => tf.stack(outputs.map((row) => row[i] as tf.Tensor))),
  };
}

function tracedScan(
  backend: TraceBackend,
  body: ScanBody,
  initial: readonly tf.Tensor[],
  sequences: readonly tf.Tensor[],
  reverse: boolean,
): ScanResult {
  const graph = backend.builder;
  const stateValues = initial.map((tensor) => backend.valueFor(tensor));
  const sequenceValues = sequences.map((tensor) => backend.valueFor(tensor));
  const stateInputs = stateValues.map((value) => graph.input(value.shape, value.type));
  const sliceInputs = sequenceValues.map((value) => graph.input(value.shape.slice(1), value.type));
  const subgraph = graph.subgraph([...stateInputs, ...sliceInputs], () => {
    const result = body(
      stateInputs.map((value) => backend.tensorOf(value)),
      sliceInputs.map((value) => backend.tensorOf(value)),
    );
    return [...result.state, ...result.outputs].map((tensor) => backend.valueFor(tensor));
  });
  const length = sequenceValues[0]?.shape[0] as number;
  const stepOutputs = subgraph.outputs.slice(stateValues.length);
  const direction = reverse ? 1 : 0;
  const values = graph.emitMany(
    'Scan',
    [...stateValues, ...sequenceValues],
    [
      ...stateValues.map(({ shape, type }) => ({ shape, type })),
      ...stepOutputs.map(({ shape, type }) => ({ shape: [length, ...shape], type })),
    ],
    {
      attributes: {
        body: { graph: subgraph },
        num_scan_inputs: { int: sequenceValues.length },
        scan_input_directions: { ints: sequenceValues.map(() => direction) },
        ...(stepOutputs.length === 0
          ? {}
          : { scan_output_directions: { ints: stepOutputs.map(() => direction) } }),
      },
    },
  );
  const tensors = values.map((value) => backend.tensorOf(value));
  return { state: tensors.slice(0, stateValues.length), outputs: tensors.slice(stateValues.length) };
}
