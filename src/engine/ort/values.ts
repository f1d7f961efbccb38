/** @file Tensors as ONNX Runtime has them: values over memory that someone else owns, and what it made itself. */

import { arrayTypes, type HostTensor, sizeOf } from '../../base/host-tensor.js';
import { type RawTensor, rawTypes } from '../raw-graph.js';
import type { CApi } from './c-api.js';
import { type Address, addressOf } from './foreign.js';
import type { OrtLibrary } from './library.js';

/** What holds the values of the types that we read and write. */
const arrays = { ...rawTypes, ...arrayTypes } as const;

type ElementType = keyof typeof arrays;

/** ONNX's names of element types, by their numbers (`ONNXTensorElementDataType`). */
const typeNames = [
  ...['undefined', 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool'],
  ...['float16', 'float64', 'uint32', 'uint64'],
];
export const nameOfType = (number: number): string => typeNames[number] ?? `number ${number}`;

const isElementType = (name: string): name is ElementType => name in arrays;

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
  dtype: ElementType,
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
    typeNames.indexOf(dtype),
  );
}

/** A value over a host tensor, which must be kept as long as the value is used. */
export const valueOfHost = (library: OrtLibrary, { dtype, ...tensor }: HostTensor): Address =>
  valueAt(library, dtype, tensor);

/** The same over a tensor of any type. */
export const rawValue = (library: OrtLibrary, { type, ...tensor }: RawTensor): Address =>
  valueAt(library, type, tensor);

function valueAt(
  library: OrtLibrary,
  type: ElementType,
  { shape, data }: Pick<HostTensor | RawTensor, 'shape' | 'data'>,
): Address {
  const address = addressOf(library.foreign, data.length === 0 ? nothing : data);
  return valueOver(library, type, shape, { info: library.hostMemory, address, bytes: data.byteLength });
}

/** What a value is, and where its values lie. */
interface Described {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly address: Address;
  readonly bytes: number;
}

/** What a description of a tensor says: the number of its elements' type, and its shape, -1 where any length will do. */
export function typeAndShape(
  api: CApi,
  info: Address,
): { readonly number: number; readonly shape: number[] } {
  const [number, rank] = [[0], [0]];
  api.call('GetTensorElementType', info, number);
  api.call('GetDimensionsCount', info, rank);
  const count = rank[0] as number;
  const dims = new BigInt64Array(Math.max(1, count));
  api.call('GetDimensions', info, dims, count);
  return { number: number[0] as number, shape: Array.from(dims.subarray(0, count), Number) };
}

/** @throws Error for a type that we do not read */
function described({ api }: OrtLibrary, value: Address): Described {
  const info = api.make('GetTensorTypeAndShape', value);
  try {
    const { number, shape } = typeAndShape(api, info);
    const type = nameOfType(number);
    if (!isElementType(type)) throw new Error(`has type ${type}, expected float32`);
    const bytes = sizeOf(shape) * arrays[type].BYTES_PER_ELEMENT;
    return { type, shape, address: api.make('GetTensorMutableData', value), bytes };
  } finally {
    api.release('ReleaseTensorTypeAndShapeInfo', info);
  }
}

/** The same of a value whose type is one of programs. */
export function describe(
  library: OrtLibrary,
  value: Address,
): Omit<Described, 'type'> & Pick<HostTensor, 'dtype'> {
  const { type, ...rest } = described(library, value);
  if (type === 'int64' || type === 'float64') throw new Error(`a tensor of type ${type} leaves no program`);
  return { dtype: type, ...rest };
}

/** A host tensor with a copy of the values of one in the host's memory. */
export function copied(library: OrtLibrary, value: Address): HostTensor {
  const { dtype, shape, address, bytes } = describe(library, value);
  return { dtype, shape, data: new arrayTypes[dtype](bytesAt(library, address, bytes)) };
}

/** The same of a tensor of any type. */
export function rawCopied(library: OrtLibrary, value: Address): RawTensor {
  const { type, shape, address, bytes } = described(library, value);
  if (type === 'float16') throw new Error(`has type ${type}, expected float32`);
  return { type, shape, data: new rawTypes[type](bytesAt(library, address, bytes)) };
}

const bytesAt = ({ foreign }: OrtLibrary, address: Address, bytes: number): ArrayBuffer =>
  bytes === 0 ? new ArrayBuffer(0) : (foreign.view(address, bytes) as ArrayBuffer).slice(0);
