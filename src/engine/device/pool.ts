/** @file The memory of a device that an engine lends: what is given back waits for the next tensor of its size. */

import { type DataType, type HostTensor, zerosOf } from '../../base/host-tensor.js';
import type { Address } from '../ort/foreign.js';
import { bytesOf } from '../ort/values.js';
import { type ModelOutput, roomOf, type SpareMemory } from '../spare-memory.js';
import type { Accelerator } from './accelerator.js';
import { type DeviceMemory, type DeviceTensor, isOnDevice } from './tensor.js';

let blocks = 0;

export interface DevicePool {
  /** A block with any values. */
  lend(bytes: number): DeviceMemory;
  /** Frees a block that was lent. */
  drop(memory: DeviceMemory): void;
  /** Frees what waits. */
  clear(): void;
}

export function devicePool(accelerator: Accelerator): DevicePool {
  /** First in, first out: so the tensors of a state take turns in two sets of blocks, and no more. */
  const waiting = new Map<number, DeviceMemory[]>();
  const clear = (): void => {
    for (const memories of waiting.values()) for (const { address } of memories) accelerator.free(address);
    waiting.clear();
  };
  const allocate = (bytes: number): DeviceMemory => {
    const place = (): bigint => accelerator.allocate(bytes);
    let address: bigint;
    try {
      address = place();
    } catch {
      clear();
      address = place();
    }
    const memory: DeviceMemory = {
      id: blocks++,
      address,
      bytes,
      free: () => {
        const same = waiting.get(bytes) ?? [];
        same.push(memory);
        waiting.set(bytes, same);
      },
    };
    return memory;
  };
  return {
    lend: (bytes) => waiting.get(bytes)?.shift() ?? allocate(bytes),
    drop: ({ address }) => accelerator.free(address),
    clear,
  };
}

/** A tensor in a block. */
export function deviceTensor(
  accelerator: Accelerator,
  dtype: DataType,
  shape: readonly number[],
  memory: DeviceMemory,
): DeviceTensor {
  return {
    dtype,
    shape,
    memory,
    read: async () => {
      await accelerator.synchronize();
      return downloaded(accelerator, { dtype, shape }, memory.address);
    },
  };
}

/** A copy of a host tensor on the device. */
export function placed(accelerator: Accelerator, pool: DevicePool, tensor: HostTensor): DeviceTensor {
  const memory = pool.lend(tensor.data.byteLength);
  accelerator.upload(memory.address, tensor.data);
  return deviceTensor(accelerator, tensor.dtype, tensor.shape, memory);
}

/** Blocks of a pool for outputs that the engine keeps. */
export function deviceSpareMemory(accelerator: Accelerator, pool: DevicePool): SpareMemory<DeviceTensor> {
  const give = (output: ModelOutput): DeviceTensor | undefined => {
    const room = roomOf(output);
    return room && deviceTensor(accelerator, room.dtype, room.shape, pool.lend(bytesOf(room)));
  };
  return {
    take: (tensors) => {
      for (const tensor of tensors) if (isOnDevice(tensor)) tensor.memory.free();
    },
    giveAll: (outputs) => outputs.map(give),
    want: () => {},
  };
}

/** A copy on the host of what lies at an address, when all that was started is done. */
export function downloaded(
  accelerator: Accelerator,
  { dtype, shape }: Pick<HostTensor, 'dtype' | 'shape'>,
  address: Address,
): HostTensor {
  const tensor = zerosOf(dtype, shape);
  accelerator.download(tensor.data, address);
  return tensor;
}
