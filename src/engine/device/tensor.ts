/** @file Tensors that lie in the memory of a device, beside those of the host. */

import type { DataType, HostTensor } from '../../base/host-tensor.js';
import type { Address } from '../ort/foreign.js';

/** A block of a device's memory. */
export interface DeviceMemory {
  /** No two blocks of a process have the same. */
  readonly id: number;
  readonly address: Address;
  readonly bytes: number;
  /** Gives it back to where it came from. */
  free(): void;
}

export interface DeviceTensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly memory: DeviceMemory;
  /** Its values, copied to the host. */
  read(): Promise<HostTensor>;
}

/** A tensor, wherever an engine has it. */
export type EngineTensor = HostTensor | DeviceTensor;

export const isOnDevice = (tensor: EngineTensor): tensor is DeviceTensor => 'memory' in tensor;
