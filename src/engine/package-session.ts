/** @file Sessions by the binding of `onnxruntime-node`. */

import type { Tensor } from 'onnxruntime-node';
import { messageOf } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import { outputName } from './model-names.js';
import type { Session } from './model-session.js';
import { ort } from './onnxruntime.js';
import { readable } from './ort/c-api.js';

export async function packageSession(model: Uint8Array, threads: number): Promise<Session> {
  const session = await toldReadably(
    ort().InferenceSession.create(model, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      // As sessions of the C API are made: see there.
      graphOptimizationLevel: 'basic',
      // A memory of its own for each session would be several times the peak.
      enableCpuMemArena: false,
      enableMemPattern: false,
      logSeverityLevel: 3,
    }),
  );
  return {
    run: async (inputs, outputs) => {
      const feeds = Object.fromEntries(inputs.map(([path, tensor]) => [path, ortTensor(tensor)]));
      const fetches = Object.fromEntries(
        outputs.map(([path, memory]) => [outputName(path), memory === undefined ? null : ortTensor(memory)]),
      );
      const results = await toldReadably(session.run(feeds, fetches));
      // What the runtime returns for an output with memory of its own is a copy of that.
      return outputs.map(([path, memory]) => memory ?? hostTensor(results[outputName(path)] as Tensor));
    },
    release: () => session.release(),
  };
}

async function toldReadably<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new Error(readable(messageOf(cause)), { cause });
  }
}

function ortTensor({ dtype, shape, data }: HostTensor): Tensor {
  if (dtype === 'float32') return new (ort().Tensor)('float32', data as Float32Array, shape);
  if (dtype === 'int32') return new (ort().Tensor)('int32', data as Int32Array, shape);
  if (dtype === 'float16') return new (ort().Tensor)('float16', data as Uint16Array, shape);
  return new (ort().Tensor)('bool', data as Uint8Array, shape);
}

function hostTensor({ type, dims, data }: Tensor): HostTensor {
  const dtype = type as HostTensor['dtype'];
  if (dtype !== 'float16') return { dtype, shape: dims, data: data as HostTensor['data'] };
  // Their values in a newer Node, which has an array of halves.
  const { buffer, byteOffset, length } = data as Uint16Array;
  return { dtype, shape: dims, data: new Uint16Array(buffer, byteOffset, length) };
}
