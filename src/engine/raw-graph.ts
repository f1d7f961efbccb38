/** @file What a binding of ONNX Runtime does with an ONNX file of another program. */

/** The types of elements that values can be given to and read from, and what holds their values. */
export const rawTypes = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  bool: Uint8Array,
} as const;

export type RawType = keyof typeof rawTypes;

export interface RawTensor {
  readonly type: RawType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;
}

/** An input or output. */
export interface RawSlot {
  readonly name: string;
  /** As the runtime calls it; undefined for what is no tensor. */
  readonly type: string | undefined;
  /** A name where any length will do. */
  readonly shape: readonly (number | string)[];
}

/** A file in a session. */
export interface RawGraph {
  readonly inputs: readonly RawSlot[];
  readonly outputs: readonly RawSlot[];
  /**
   * @param wanted names of outputs
   * @returns them in their order
   * @throws Error with the runtime's message
   */
  run(given: Readonly<Record<string, RawTensor>>, wanted: readonly string[]): Promise<readonly RawTensor[]>;
  release(): Promise<void>;
}
