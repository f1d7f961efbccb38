/** @file Fused operations in a trace: what can be one, and which of them matter. */
import { activeTraceBackend } from '../backend.js';
import { type GraphNode, type OutputSpec, readsOf, type Value } from '../graph.js';
import type * as tf from '../ops.js';
import type { Fused, FusedName } from './fused.js';

/**
 * One fused operation where the program is traced for a device that has it, and `chain`, the same in plain operations, elsewhere.
 * @param inputs float32, in the order that the operation says; what it calls scalars has one element
 */
export function fused(
  name: FusedName,
  inputs: readonly (tf.Tensor | undefined)[],
  numbers: readonly number[],
  chain: () => readonly tf.Tensor[],
): readonly tf.Tensor[] {
  const backend = activeTraceBackend();
  if (!backend?.builder.fuses || !fits[name](inputs)) return chain();
  const values = inputs.map((tensor) => tensor && backend.valueFor(tensor));
  const outputs = backend.builder.fuse(name, values, outputsOf[name](values), numbers);
  return outputs.map((value) => backend.tensorOf(value));
}

type Tensors = readonly (tf.Tensor | undefined)[];

const areScalars = (tensors: Tensors): boolean =>
  tensors.every((tensor) => tensor === undefined || tensor.size === 1);
const haveOneShape = (tensors: Tensors): boolean => {
  const [first, ...rest] = tensors.map((tensor) => tensor?.shape.join());
  return rest.every((shape) => shape === first);
};

/** Whether the shapes are those that the kernel is for. */
const fits: Readonly<Record<FusedName, (inputs: Tensors) => boolean>> = {
  norm: ([share]) => areScalars([share]),
  adam: (inputs) => haveOneShape(inputs.slice(0, 4)) && areScalars(inputs.slice(4)),
  average: (inputs) => haveOneShape(inputs.slice(0, 2)) && areScalars(inputs.slice(2)),
  paths: () => true,
  lstm: () => true,
  lstmGradients: () => true,
};

const scalar: OutputSpec = { shape: [], type: 'float32' };
const floats = (shape: readonly number[]): OutputSpec => ({ shape, type: 'float32' });
const axesOf = (value: Value | undefined) => ({
  lead: value?.shape.slice(0, -2) ?? [],
  last: value?.shape.slice(-2) as [number, number],
});
const like = (value: Value | undefined): OutputSpec => ({ shape: value?.shape ?? [], type: 'float32' });

const outputsOf: Readonly<
  Record<FusedName, (inputs: readonly (Value | undefined)[]) => readonly OutputSpec[]>
> = {
  norm: () => [scalar, scalar],
  adam: ([value]) => [like(value), like(value), like(value)],
  average: ([value]) => [like(value)],
  paths: ([emissions]) => [like(emissions)],
  lstm: ([fromInput]) => {
    const { lead, last } = axesOf(fromInput);
    const [gates, batch] = last;
    const units = gates / 4;
    const each = (count: number): OutputSpec => floats([...lead, count, batch]);
    return [
      floats([...lead, batch, units]),
      each(2 * units),
      ...Array.from({ length: 4 }, () => each(units)),
    ];
  },
  lstmGradients: (inputs) => {
    const { lead, last } = axesOf(inputs[6]);
    return [floats([...lead, last[0], 4 * last[1]])];
  },
};

/**
 * Those of the operations whose results are outputs, or read by nodes or others that are live; in their order.
 * @param liveNodes the nodes that some values depend on
 */
export function liveFused(
  all: readonly Fused<Value>[],
  liveNodes: (values: readonly Value[]) => readonly GraphNode[],
  outputs: readonly Value[],
): Fused<Value>[] {
  let live: Fused<Value>[] = [];
  for (;;) {
    const read = [...outputs, ...live.flatMap(({ inputs }) => inputs.filter((value) => value !== undefined))];
    const wanted = new Set([...read, ...readsOf(liveNodes(read))]);
    const found = all.filter((each) => each.outputs.some((value) => wanted.has(value)));
    if (found.length === live.length) return found;
    live = found;
  }
}
