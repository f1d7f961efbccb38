/** @file Sessions of ONNX Runtime: how they are made, and how a model is run in one. */

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { HostTensor } from '../base/host-tensor.js';
import type { ProviderName } from './engine.js';
import ort from './onnxruntime.js';

export interface SessionSettings {
  readonly provider: ProviderName;
  /** Threads one operator may use. */
  readonly threads: number;
  /** Whether the memory of a run stays with the session for the next one. */
  readonly keepMemory: boolean;
}

export function createSession(model: Uint8Array, settings: SessionSettings): Promise<InferenceSession> {
  return ort.InferenceSession.create(model, {
    executionProviders: [settings.provider],
    intraOpNumThreads: settings.threads,
    // The graph is lowered to what the runtime does well; its further fusions cost time to find and to run.
    graphOptimizationLevel: 'basic',
    enableCpuMemArena: settings.keepMemory,
    // A plan of the memory would be one more block of its size beside what the arena holds.
    enableMemPattern: false,
    logSeverityLevel: 3,
  });
}

/** Tensors with their paths. */
export type NamedTensors = readonly (readonly [path: string, tensor: HostTensor])[];

/**
 * Runs a model.
 * @param outputs their paths, with memory for those that are written into some
 * @returns the outputs in their order
 */
export async function runSession(
  session: InferenceSession,
  inputs: NamedTensors,
  outputs: readonly (readonly [path: string, memory: HostTensor | undefined])[],
): Promise<HostTensor[]> {
  const feeds = Object.fromEntries(inputs.map(([path, tensor]) => [path, ortTensor(tensor)]));
  const fetches = Object.fromEntries(
    outputs.map(([path, memory]) => [`${path}:out`, memory === undefined ? null : ortTensor(memory)]),
  );
  const results = await session.run(feeds, fetches);
  // What the runtime returns for an output with memory of its own is a copy of that.
  return outputs.map(([path, memory]) => memory ?? hostTensor(results[`${path}:out`] as Tensor));
}

function ortTensor({ dtype, shape, data }: HostTensor): Tensor {
  if (dtype === 'float32') return new ort.Tensor('float32', data as Float32Array, shape);
  if (dtype === 'int32') return new ort.Tensor('int32', data as Int32Array, shape);
  return new ort.Tensor('bool', data as Uint8Array, shape);
}

function hostTensor(tensor: Tensor): HostTensor {
  return {
    dtype: tensor.type as HostTensor['dtype'],
    shape: tensor.dims,
    data: tensor.data as HostTensor['data'],
  };
}
