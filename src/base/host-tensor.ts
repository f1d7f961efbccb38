/** @file Tensors in host memory: typed values under a shape, row-major. */

/** What programs compute with. */
export const computedTypes = ['float32', 'int32', 'bool'] as const;
export type ComputedType = (typeof computedTypes)[number];

/** Types of tensors: outputs of programs may leave as `float16`. */
export type DataType = ComputedType | 'float16';

/** What holds the values of each type; of halves, their bits. */
export const arrayTypes = {
  float32: Float32Array,
  int32: Int32Array,
  bool: Uint8Array,
  float16: Uint16Array,
} as const;

/** The shape and type of a tensor. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** A tensor in host memory, row-major. `bool` is held as 0/1 in a Uint8Array, `float16` as bits in a Uint16Array. */
export interface HostTensor extends TensorSpec {
  readonly data: Float32Array | Int32Array | Uint8Array | Uint16Array;
}

/** Named parameters (names and layouts as in PyTorch: a linear weight is [out, in]). */
export type HostParameters = Readonly<Record<string, HostTensor>>;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** A host tensor of zeros. */
export const zerosOf = (dtype: DataType, shape: readonly number[]): HostTensor => ({
  dtype,
  shape,
  data: new arrayTypes[dtype](sizeOf(shape)),
});

/** A float32 host tensor; `data` defaults to zeros. */
export function float32(shape: readonly number[], data?: ArrayLike<number>): HostTensor {
  if (data === undefined) return zerosOf('float32', shape);
  return checked({
    dtype: 'float32',
    shape,
    data: data instanceof Float32Array ? data : Float32Array.from(data),
  });
}

export function int32(shape: readonly number[], data: ArrayLike<number>): HostTensor {
  return checked({ dtype: 'int32', shape, data: data instanceof Int32Array ? data : Int32Array.from(data) });
}

/** A float32 tensor of rank 0. */
export function scalar(value: number): HostTensor {
  return float32([], [value]);
}

function checked(tensor: HostTensor): HostTensor {
  if (tensor.data.length !== sizeOf(tensor.shape)) {
    throw new Error(`${tensor.data.length} values do not match the shape [${tensor.shape.join(', ')}]`);
  }
  return tensor;
}

/** The float32 values of a leaf; an error if it holds something else. */
export function floatsOf(tensor: HostTensor): Float32Array {
  if (!(tensor.data instanceof Float32Array)) throw new Error(`expected float32, got ${tensor.dtype}`);
  return tensor.data;
}
