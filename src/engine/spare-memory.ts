/** @file Memory of held trees that ended: the next outputs that an engine keeps are written there. */

import { type DataType, type HostTensor, sizeOf } from '../base/host-tensor.js';

export interface TensorRoom {
  readonly dtype: DataType;
  readonly shape: readonly number[];
}

export interface SpareMemory {
  /** Takes tensors over that no one uses any more, as far as they are wanted. */
  take(tensors: readonly HostTensor[]): void;
  /** Memory for a tensor, with any values. */
  give(room: TensorRoom): HostTensor;
  /** Runs may write these from now on: `times` as much may be kept for them. */
  want(rooms: readonly TensorRoom[], times: number): void;
}

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

export function spareMemory(): SpareMemory {
  const kept = new Map<string, HostTensor['data'][]>();
  const wanted = new Map<string, number>();
  const keyOf = (dtype: DataType, length: number): string => `${dtype} ${length}`;
  return {
    take: (tensors) => {
      for (const { dtype, data } of tensors) {
        const key = keyOf(dtype, data.length);
        const same = kept.get(key) ?? [];
        if (same.length < (wanted.get(key) ?? 0)) same.push(data);
        kept.set(key, same);
      }
    },
    give: ({ dtype, shape }) => {
      const length = sizeOf(shape);
      return { dtype, shape, data: kept.get(keyOf(dtype, length))?.pop() ?? new arrays[dtype](length) };
    },
    want: (rooms, times) => {
      const counts = new Map<string, number>();
      for (const { dtype, shape } of rooms) {
        const key = keyOf(dtype, sizeOf(shape));
        counts.set(key, (counts.get(key) ?? 0) + times);
      }
      for (const [key, count] of counts) wanted.set(key, Math.max(count, wanted.get(key) ?? 0));
    },
  };
}
