/** @file Memory of held trees that ended: the next outputs that an engine keeps are written there. */

import { type DataType, type HostTensor, sizeOf, type TensorSpec, zerosOf } from '../base/host-tensor.js';
import { type EngineTensor, isOnDevice } from './device/tensor.js';

/** An output of a model. */
export interface ModelOutput {
  readonly path: string;
  /** Absent where a length is free. */
  readonly spec: TensorSpec | undefined;
  /** Whether it stays with the engine: then it is written into spare memory, if its size is known. */
  readonly kept: boolean;
}

export interface SpareMemory<T extends EngineTensor = HostTensor> {
  /** Takes tensors over that no one uses any more, as far as they are wanted. */
  take(tensors: readonly EngineTensor[]): void;
  /** Memory for the outputs that are written into some, with any values. */
  giveAll(outputs: readonly ModelOutput[]): (T | undefined)[];
  /** Runs may write these from now on: as much may be kept for them. */
  want(outputs: readonly ModelOutput[]): void;
}

/** What is needed to write an output into spare memory, where that is done. */
export const roomOf = ({ kept, spec }: ModelOutput): TensorSpec | undefined => (kept ? spec : undefined);

/** Memory of the host. */
export function spareMemory(): SpareMemory {
  const kept = new Map<string, HostTensor['data'][]>();
  const wanted = new Map<string, number>();
  const keyOf = (dtype: DataType, length: number): string => `${dtype} ${length}`;
  const give = ({ dtype, shape }: TensorSpec): HostTensor => {
    const data = kept.get(keyOf(dtype, sizeOf(shape)))?.pop();
    return data === undefined ? zerosOf(dtype, shape) : { dtype, shape, data };
  };
  return {
    take: (tensors) => {
      for (const tensor of tensors) {
        if (isOnDevice(tensor)) continue;
        const { dtype, data } = tensor;
        const key = keyOf(dtype, data.length);
        const same = kept.get(key) ?? [];
        if (same.length < (wanted.get(key) ?? 0)) same.push(data);
        kept.set(key, same);
      }
    },
    giveAll: (outputs) =>
      outputs.map((output) => {
        const room = roomOf(output);
        return room && give(room);
      }),
    want: (outputs) => {
      const counts = new Map<string, number>();
      for (const output of outputs) {
        const room = roomOf(output);
        if (room === undefined) continue;
        const key = keyOf(room.dtype, sizeOf(room.shape));
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      for (const [key, count] of counts) wanted.set(key, Math.max(count, wanted.get(key) ?? 0));
    },
  };
}
