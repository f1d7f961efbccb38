/** @file Tensors as ONNX Runtime has them: values over memory that someone else owns, and what it made itself. */

import { arrayTypes, type DataType, type HostTensor, sizeOf } from '../../base/host-tensor.js';
import { type Address, addressOf } from './foreign.js';
import type { OrtLibrary } from './library.js';

/** `ONNXTensorElementDataType` of the types that programs use. */
const elementTypes: Readonly<Record<DataType, number>> = { float32: 1, int32: 6, bool: 9 };
const typeOf = new Map(Object.entries(elementTypes).map(([name, number]) => [number, name as DataType]));

/** Bytes of a tensor's values. */
export const bytesOf = ({ dtype, shape }: Pick<HostTensor, 'dtype' | 'shape'>): number =>
  sizeOf(shape) * arrayTypes[dtype].BYTES_PER_ELEMENT;

/** A place for the values of tensors that have none: the runtime wants an address. */
const nothing = new Float32Array(32);

export interface Memory {
  /** What kind of memory it is, as the runtime describes it. */
  readonly info: Address;
  readonly address: Address;
  readonly bytes: number;
}

/** A value over memory; release it with `ReleaseValue`, the memory stays. */
export function valueOver(
  { api }: OrtLibrary,
  dtype: DataType,
  shape: readonly number[],
  { info, address, bytes }: Memory,
): Address {
  const dims = BigInt64Array.from(shape, BigInt);
  return api.make(
    'CreateTensorWithDataAsOrtValue',
    info,
    address,
    bytes,
    dims,
    dims.length,
    elementTypes[dtype],
  );
}

/** A value over a host tensor, which must be kept as long as the value is used. */
export function valueOfHost(library: OrtLibrary, { dtype, shape, data }: HostTensor): Address {
  const address = addressOf(library.foreign, data.length === 0 ? nothing : data);
  return valueOver(library, dtype, shape, { info: library.hostMemory, address, bytes: data.byteLength });
}

/** What a value is, and where its values lie. */
export interface Described {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly address: Address;
  readonly bytes: number;
}

/** @throws Error for a type that programs do not use */
export function describe({ api }: OrtLibrary, value: Address): Described {
  const info = api.make('GetTensorTypeAndShape', value);
  try {
    const [type, rank] = [[0], [0]];
    api.call('GetTensorElementType', info, type);
    api.call('GetDimensionsCount', info, rank);
    const dims = new BigInt64Array(Math.max(1, rank[0] as number));
    api.call('GetDimensions', info, dims, rank[0] as number);
    const shape = Array.from(dims.subarray(0, rank[0] as number), Number);
    const dtype = typeOf.get(type[0] as number);
    if (dtype === undefined) throw new Error(`a tensor of the type number ${type[0]} cannot be read`);
    return {
      dtype,
      shape,
      address: api.make('GetTensorMutableData', value),
      bytes: bytesOf({ dtype, shape }),
    };
  } finally {
    api.release('ReleaseTensorTypeAndShapeInfo', info);
  }
}

/** A host tensor with a copy of the values of one in the host's memory. */
export function copied(library: OrtLibrary, value: Address): HostTensor {
  const { dtype, shape, address, bytes } = describe(library, value);
  const view = bytes === 0 ? new ArrayBuffer(0) : library.foreign.view(address, bytes);
  return { dtype, shape, data: new arrayTypes[dtype](view).slice() };
}
