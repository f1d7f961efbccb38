/** @file What an engine promises: to run a TensorFlow.js function over named trees. */
import type { HostTensor } from '../base/host-tensor.js';
import type { Tensor } from './ops.js';
import type { ToHost, Tree } from './tree.js';

/** `onnx` compiles; the others run eagerly (`wasm` and `cpu` are the oracle of the tests). */
export const engineNames = ['onnx', 'tensorflow', 'wasm', 'cpu'] as const;
export type EngineName = (typeof engineNames)[number];

export const providerNames = ['cpu', 'cuda', 'webgpu'] as const;
export type ProviderName = (typeof providerNames)[number];

/** How products are computed: `tf32` rounds their operands to 10 bits of mantissa, on CUDA devices alone. */
export const precisionNames = ['fp32', 'tf32'] as const;
export type Precision = (typeof precisionNames)[number];

/**
 * A function to run: pure, of named tensors to named tensors. It may call any TensorFlow.js op,
 * also `tf.grads`; it must not read a tensor's values.
 */
export type TensorFunction<In, Out> = (inputs: In) => Out;

/**
 * A tree of values that an engine keeps between runs. Where they lie is the engine's affair. It ends when it is released,
 * or when a run consumes it; reading it or running with it is then an error that names the program.
 */
export interface Held<T> {
  /** The values, copied to the host. */
  read(): Promise<ToHost<T>>;
  /** Lets the engine use the memory for something else; runs that have begun go on with the values. */
  release(): Promise<void>;
}

/** Inputs of a run: host tensors, and held trees in the place of any subtree or leaf. */
export type Given<T> = T extends Tensor
  ? HostTensor | Held<T>
  : Held<T> | { readonly [K in keyof T]: Given<T[K]> };

/** Outputs of a run: those that are kept stay with the engine. */
export type Outputs<Out, Kept> = [Kept] extends [never]
  ? ToHost<Out>
  : { readonly [K in keyof Out]: K extends Kept ? Held<Exclude<Out[K], undefined>> : ToHost<Out[K]> };

export interface ProgramOptions<Kept extends string = never> {
  /** Names the program in errors and traces. */
  readonly name: string;
  /**
   * Inputs whose length may differ from run to run: path of the input ('waveform', 'batch/x') to its axis.
   * Such a program serves every length with one session; it must not bake a length into a constant.
   */
  readonly dynamicAxes?: Readonly<Record<string, number>>;
  /**
   * Outputs (top-level names) that stay with the engine. A run consumes what is held under the same name of its inputs:
   * a later run writes its outputs there, so that two buffers take turns. A run that fails consumes nothing.
   */
  readonly keeps?: readonly Kept[];
  /**
   * Whether runs of the program may go on at the same time, where the engine has several threads: each then has one.
   * Host tensors are copied to the thread; what a run consumes is moved there and back.
   */
  readonly concurrent?: boolean;
  /** Outputs (top-level names) that are rounded to half precision where they are made: `float16`, half the way to the host. */
  readonly halves?: readonly string[];
  /**
   * Inputs (top-level names) whose host tensors are made for one run alone, as batches are: they go to where it runs
   * without a copy, and their memory may be gone after it.
   */
  readonly consumes?: readonly string[];
}

/** A compiled function. Programs are cached by the shapes they are run with. */
export interface Program<In, Out, Kept = never> {
  /**
   * Runs the function on the tree of its inputs. Those that it does not use may be there as well.
   * @throws Error naming the program and the input that is missing, of another type, released, consumed, or held by
   *   another engine
   */
  run(inputs: Given<In>): Promise<Outputs<Out, Kept>>;
  dispose(): Promise<void>;
}

/** An input or output of an ONNX file of another program. */
export interface GraphSlot {
  readonly name: string;
  /** As the runtime calls it: `float32`, `int64`, ... */
  readonly type: string;
  /** Lengths of axes; a name where any length will do. */
  readonly shape: readonly (number | string)[];
}

/** Such a file, ready to run. */
export interface GraphFile {
  readonly inputs: readonly GraphSlot[];
  readonly outputs: readonly GraphSlot[];
  /**
   * Runs it on every input by name; values are brought to the type that the file wants.
   * @param wanted names of the outputs that are computed
   * @returns them in that order, as float32
   * @throws UserError naming the file and what the runtime says
   */
  run(inputs: Readonly<Record<string, HostTensor>>, wanted: readonly string[]): Promise<HostTensor[]>;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: EngineName;
  readonly provider: ProviderName;
  readonly precision: Precision;
  /** How many processors its programs use. */
  readonly threads: number;
  /** Whether it uses kernels that repeat to the bit, where a CUDA device has slower ones that do beside others that do not. */
  readonly deterministic?: true;
  /** Which device runs its programs, and with which driver, where that is known; not the processor. */
  readonly device?: string;
  /** The version of TensorFlow that runs its programs, where it does. */
  readonly tensorflow?: string;
  /**
   * Gives a tree to the engine, for any of its programs: `engine.hold<Parameters>(hostParameters)`. The host's values
   * stay as they are, and must not be changed while they are held.
   */
  hold<T>(tree: ToHost<T>): Held<T>;
  compile<In extends Tree<Tensor>, Out extends Tree<Tensor>, Kept extends keyof Out & string = never>(
    fn: TensorFunction<In, Out>,
    options: ProgramOptions<Kept>,
  ): Program<In, Out, Kept>;
  /** Opens an ONNX file of another program; only the engine that has its runtime can. */
  open?(file: string): Promise<GraphFile>;
}
