/** @file ONNX files of other programs by the binding of `onnxruntime-node`. */

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { ort } from './onnxruntime.js';
import type { RawGraph, RawSlot, RawTensor, RawType } from './raw-graph.js';

/** As `openOrtGraph`. */
export async function openPackageGraph(file: string, threads: number): Promise<RawGraph> {
  const session = await ort().InferenceSession.create(file, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    // As sessions of the C API are made of such files: see there.
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
  });
  return {
    inputs: session.inputMetadata.map(slotOf),
    outputs: session.outputMetadata.map(slotOf),
    run: async (given, wanted) => {
      const feeds = Object.fromEntries(
        Object.entries(given).map(([name, { type, shape, data }]) => [
          name,
          new (ort().Tensor)(type, data as never, shape),
        ]),
      );
      const results = await session.run(feeds, [...wanted]);
      return wanted.map((name): RawTensor => {
        const { type, dims, data } = results[name] as Tensor;
        return { type: type as RawType, shape: dims, data: data as RawTensor['data'] };
      });
    },
    release: () => session.release(),
  };
}

const slotOf = (slot: InferenceSession.ValueMetadata): RawSlot =>
  slot.isTensor
    ? { name: slot.name, type: slot.type, shape: slot.shape }
    : { name: slot.name, type: undefined, shape: [] };
