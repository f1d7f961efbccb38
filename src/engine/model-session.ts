/** @file A model that is ready to run on host tensors, by whatever binding of ONNX Runtime. */

import type { HostTensor } from '../base/host-tensor.js';

/** Tensors with their paths. */
export type NamedTensors = readonly (readonly [path: string, tensor: HostTensor])[];

/** A model that is ready to run. */
export interface Session {
  /**
   * Runs it, off this thread.
   * @param inputs all that it has, in the same order at every run
   * @param outputs their paths, with memory for those that are written into some; the same paths at every run
   * @returns the outputs in their order
   * @throws Error with what the runtime says
   */
  run(
    inputs: NamedTensors,
    outputs: readonly (readonly [path: string, memory: HostTensor | undefined])[],
  ): Promise<HostTensor[]>;
  release(): Promise<void>;
}
