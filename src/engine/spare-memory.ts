/** @file Memory of held trees that ended: the next outputs that an engine keeps are written there. */

import { type DataType, type HostTensor, sizeOf } from '../base/host-tensor.js';

export interface TensorRoom {
  readonly dtype: DataType;
  readonly shape: readonly number[];
}

/** Outputs of a model, with room for those that are written into spare memory. */
type Outputs = readonly (readonly [path: string, room: TensorRoom | undefined])[];

export interface SpareMemory {
  /** Takes tensors over that no one uses any more, as far as they are wanted. */
  take(tensors: readonly HostTensor[]): void;
  /** Memory for outputs, with any values. */
  giveAll(outputs: Outputs): [path: string, memory: HostTensor | undefined][];
  /** Runs may write these from now on: as much may be kept for them. */
  want(outputs: Outputs): void;
}

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

export function spareMemory(): SpareMemory {
  const kept = new Map<string, HostTensor['data'][]>();
  const wanted = new Map<string, number>();
  const keyOf = (dtype: DataType, length: number): string => `${dtype} ${length}`;
  const give = ({ dtype, shape }: TensorRoom): HostTensor => {
    const length = sizeOf(shape);
    return { dtype, shape, data: kept.get(keyOf(dtype, length))?.pop() ?? new arrays[dtype](length) };
  };
  return {
    take: (tensors) => {
      for (const { dtype, data } of tensors) {
        const key = keyOf(dtype, data.length);
        const same = kept.get(key) ?? [];
        if (same.length < (wanted.get(key) ?? 0)) same.push(data);
        kept.set(key, same);
      }
    },
    giveAll: (outputs) => outputs.map(([path, room]) => [path, room && give(room)]),
    want: (outputs) => {
      const counts = new Map<string, number>();
      for (const [, room] of outputs) {
        if (room === undefined) continue;
        const key = keyOf(room.dtype, sizeOf(room.shape));
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      for (const [key, count] of counts) wanted.set(key, Math.max(count, wanted.get(key) ?? 0));
    },
  };
}
