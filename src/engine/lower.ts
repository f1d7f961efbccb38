/** @file From a function to the bytes of its ONNX models. */

import type { TensorSpec } from '../base/host-tensor.js';
import type { EngineTensor } from './device/tensor.js';
import { joinLengths } from './dynamic.js';
import type { ProgramOptions, ProviderName, TensorFunction } from './engine.js';
import { type Stages, stagesOf } from './fused/stages.js';
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

/** A model of a program. */
export interface ProgramModel {
  readonly bytes: Uint8Array;
  /** Names of what it reads and makes. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** A function as its models, one where nothing was fused, and what it takes to run them. */
export interface LoweredProgram extends Stages<ProgramModel> {
  /** Paths of the inputs that are used. */
  readonly inputs: readonly string[];
  readonly outputs: readonly Omit<ModelOutput, 'kept'>[];
}

export type LowerOptions = Pick<ProgramOptions, 'name' | 'dynamicAxes' | 'halves'> &
  Pick<TracePlace, 'provider'>;

/**
 * The ONNX model of a function: for export, and for looking at what was compiled.
 * @param options.provider where it will run: default `cpu`, whose form runs everywhere
 * @param names how the model calls its outputs and free axes (default: as programs of the engine do)
 */
export function lowerToOnnx<In extends Tree<Tensor>, Out extends Tree<Tensor>>(
  fn: TensorFunction<In, Out>,
  inputs: Tree<TensorSpec>,
  options: LowerOptions,
  names?: ModelNames,
): Uint8Array {
  return wholeModel(lowerProgram(fn, inputs, options, names));
}

/** The model of a program that has one: whose operations are not fused. */
export function wholeModel({ stages }: Pick<LoweredProgram, 'stages'>): Uint8Array {
  const [only, ...more] = stages;
  if (only?.model === undefined || more.length > 0) throw new Error('a program of one model was expected');
  return only.model.bytes;
}

/** @param options.fuses whether what runs it does fused operations (default: no) */
export function lowerProgram<In extends Tree<Tensor>, Out extends Tree<Tensor>>(
  fn: TensorFunction<In, Out>,
  inputs: Tree<TensorSpec>,
  options: LowerOptions & Pick<TracePlace, 'fuses'>,
  names?: ModelNames,
): LoweredProgram {
  const { name, dynamicAxes = {}, provider, fuses } = options;
  const halves = roundsHalves(provider) ? options.halves : undefined;
  const fixed = (fuses: boolean): LoweredProgram | undefined =>
    modelsOf(trace(name, fn, inputs, { provider, fuses, halves }), new Map(), names);
  if (Object.keys(dynamicAxes).length === 0)
    return (fuses ? fixed(true) : undefined) ?? (fixed(false) as LoweredProgram);
  const [a, b] = tracedLengths.map((more) => {
    const isSpec = (node: TensorSpec | Tree<TensorSpec>): node is TensorSpec => Array.isArray(node.shape);
    const longer = mapLeaves<TensorSpec, TensorSpec>(inputs, isSpec, (spec, path) => ({
      dtype: spec.dtype,
      shape: spec.shape.map((dim, axis) => (dynamicAxes[path] === axis ? dim + more : dim)),
    }));
    return trace(name, fn, longer, { provider, halves });
  });
  if (a === undefined || b === undefined) throw new Error('two traces are needed');
  const { graph, dynamic } = joinLengths(name, a, b);
  return modelsOf(graph, dynamic, names) as LoweredProgram;
}

/** WebGPU has halves only where a device's shaders have them. */
const roundsHalves = (provider: ProviderName | undefined): boolean => provider !== 'webgpu';

/** Undefined where fused operations part what must be in one model. */
function modelsOf(
  graph: TracedGraph,
  dynamic: DynamicDims,
  names: ModelNames | undefined,
): LoweredProgram | undefined {
  const parted = stagesOf(graph);
  if (parted === undefined) return undefined;
  return {
    between: parted.between,
    stages: parted.stages.map(({ model, fused }) => ({
      fused,
      model: model && {
        bytes: serialize(model, dynamic, names),
        inputs: model.inputs.map(([path]) => path),
        outputs: model.outputs.map(([path]) => outputName(path)),
      },
    })),
    inputs: graph.inputs.map(([path]) => path),
    outputs: graph.outputs.map(([path, { shape, type }]) => {
      const free = (dynamic.get(outputName(path)) ?? []).length > 0;
      return { path, spec: free ? undefined : { shape, dtype: type as TensorSpec['dtype'] } };
    }),
  };
}

/** What a trace needs to know of a program's inputs. */
export function specsOf(inputs: Tree<EngineTensor>): Tree<TensorSpec> {
  return mapLeaves<EngineTensor, TensorSpec>(inputs, isLeaf, ({ shape, dtype }) => ({ shape, dtype }));
}
