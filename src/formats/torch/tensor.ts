/** @file Tensors as torch saves them: a view (offset, shape, strides) of a storage; read into host memory. */

import { type HostTensor, sizeOf } from '../../base/host-tensor.js';
import { bfloatsOf, halfValue } from '../half.js';

/** Bytes an element of every kind of storage, under the name that a pickle calls it by. */
export const storageTypes = {
  DoubleStorage: 8,
  FloatStorage: 4,
  HalfStorage: 2,
  BFloat16Storage: 2,
  LongStorage: 8,
  IntStorage: 4,
  ShortStorage: 2,
  CharStorage: 1,
  ByteStorage: 1,
  BoolStorage: 1,
  ComplexFloatStorage: 8,
  ComplexDoubleStorage: 16,
  QInt8Storage: 1,
  QUInt8Storage: 1,
  QInt32Storage: 4,
  UntypedStorage: 1,
} as const;
export type StorageType = keyof typeof storageTypes;

/** A storage named in a pickle; its bytes lie elsewhere in the file. */
export interface StorageReference {
  readonly key: string;
  readonly type: StorageType;
  /** Elements. */
  readonly length: number;
}

const mark = Symbol('torch tensor');

/** A tensor named in a pickle; offset and strides count elements of its storage. */
export interface TorchTensor {
  readonly [mark]: true;
  readonly storage: StorageReference;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** More values than this (1 GiB) are no parameter of an encoder but a damaged shape. */
const maximumValues = 2 ** 28;

export function isTorchTensor(value: unknown): value is TorchTensor {
  return typeof value === 'object' && value !== null && mark in value;
}

/**
 * A view of a storage.
 * @throws Error for a view that leaves its storage
 */
export function torchTensor(
  storage: StorageReference,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): TorchTensor {
  const tensor = { [mark]: true, storage, offset, shape, strides } as const;
  const counts = [offset, ...shape, ...strides];
  if (shape.length !== strides.length || !counts.every((count) => Number.isSafeInteger(count) && count >= 0))
    throw new Error(`a tensor of shape [${shape}], strides [${strides}] and offset ${offset}`);
  if (offset + reach(tensor) > storage.length || sizeOf(shape) > maximumValues)
    throw new Error(`a tensor of shape [${shape}] in a storage of ${storage.length} values`);
  return tensor;
}

/** So many values more than their storages hold may tensors be, since views may share and repeat them. */
const spareValues = 2 ** 20;

/**
 * Whether tensors claim no more values than storages of that size give, each of them twice at most: a small file must
 * not fill the memory.
 */
export function areModest(tensors: Iterable<TorchTensor>): boolean {
  const storages = new Map<string, number>();
  let claimed = 0;
  for (const { storage, shape } of tensors) {
    storages.set(storage.key, storage.length);
    claimed += sizeOf(shape);
  }
  const held = [...storages.values()].reduce((sum, length) => sum + length, 0);
  return claimed <= 2 * held + spareValues;
}

export function isFloating({ storage: { type } }: TorchTensor): boolean {
  return (
    type === 'FloatStorage' ||
    type === 'HalfStorage' ||
    type === 'BFloat16Storage' ||
    type === 'DoubleStorage'
  );
}

/** The part of its storage that a tensor looks at, in bytes. */
export function byteRange(tensor: TorchTensor): { readonly begin: number; readonly length: number } {
  const size = storageTypes[tensor.storage.type];
  return { begin: tensor.offset * size, length: reach(tensor) * size };
}

/**
 * A floating point tensor as float32, row-major.
 * @param bytes the tensor's `byteRange`; a contiguous float32 tensor keeps them as its memory
 */
export function floatTensor(tensor: TorchTensor, bytes: ArrayBuffer): HostTensor {
  const { storage, shape, strides } = tensor;
  const values = floatsOf(storage.type, bytes);
  const data = isContiguous(tensor)
    ? values
    : Float32Array.from({ length: sizeOf(shape) }, (_, i) => values[position(i, shape, strides)] as number);
  return { dtype: 'float32', shape, data };
}

function floatsOf(type: StorageType, bytes: ArrayBuffer): Float32Array {
  switch (type) {
    case 'FloatStorage':
      return new Float32Array(bytes);
    case 'DoubleStorage':
      return Float32Array.from(new Float64Array(bytes));
    case 'HalfStorage':
      return Float32Array.from(new Uint16Array(bytes), halfValue);
    case 'BFloat16Storage':
      return bfloatsOf(new Uint16Array(bytes));
    default:
      throw new Error(`a ${type} does not contain floating point values`);
  }
}

/** Elements from a tensor's first to behind its last. */
function reach({ shape, strides }: Pick<TorchTensor, 'shape' | 'strides'>): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, size, axis) => last + (size - 1) * (strides[axis] as number), 1);
}

function isContiguous({ shape, strides }: TorchTensor): boolean {
  return shape.every((size, axis) => size <= 1 || strides[axis] === sizeOf(shape.slice(axis + 1)));
}

/** Where the i-th value in row-major order lies. */
function position(i: number, shape: readonly number[], strides: readonly number[]): number {
  let rest = i;
  let at = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    at += (rest % size) * (strides[axis] as number);
    rest = Math.floor(rest / size);
  }
  return at;
}
