/** @file Sessions of ONNX Runtime: how they are made, and the tensors they take and give. */
import ort from 'onnxruntime-node';
import type { HostTensor } from '../base/host-tensor.js';
import type { ProviderName } from './engine.js';

export interface SessionSettings {
  readonly provider: ProviderName;
  /** Threads one operator may use. */
  readonly threads: number;
  readonly keepMemory: boolean;
}

export function createSession(model: Uint8Array, settings: SessionSettings): Promise<ort.InferenceSession> {
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

export function ortTensor({ dtype, shape, data }: HostTensor): ort.Tensor {
  if (dtype === 'float32') return new ort.Tensor('float32', data as Float32Array, shape);
  if (dtype === 'int32') return new ort.Tensor('int32', data as Int32Array, shape);
  return new ort.Tensor('bool', data as Uint8Array, shape);
}

export function hostTensor(tensor: ort.Tensor): HostTensor {
  return {
    dtype: tensor.type as HostTensor['dtype'],
    shape: tensor.dims,
    data: tensor.data as HostTensor['data'],
  };
}
