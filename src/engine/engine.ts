/** @file What an engine promises: to run a TensorFlow.js function over named trees. */
import type { Tensor } from './ops.js';
import type { ToHost, Tree } from './tree.js';

/** `onnx` compiles; the others run eagerly (`wasm` and `cpu` are the oracle of the tests). */
export const engineNames = ['onnx', 'tensorflow', 'wasm', 'cpu'] as const;
export type EngineName = (typeof engineNames)[number];

export const providerNames = ['cpu', 'cuda', 'webgpu'] as const;
export type ProviderName = (typeof providerNames)[number];

/**
 * A function to run: pure, of named tensors to named tensors. It may call any TensorFlow.js op,
 * also `tf.grads`; it must not read a tensor's values.
 */
export type TensorFunction<In, Out> = (inputs: In) => Out;

export interface ProgramOptions {
  /** Names the program in errors and traces. */
  readonly name: string;
  /**
   * Inputs whose length may differ from run to run: path of the input ('waveform', 'batch/x') to its axis.
   * Such a program serves every length with one session; it must not bake a length into a constant.
   */
  readonly dynamicAxes?: Readonly<Record<string, number>>;
  /**
   * Whether the memory of a run stays with the program for the next one. Measured on a training step of `tiny`: a
   * sixth faster. But a program keeps the most it ever needed, once for each set of shapes.
   */
  readonly keepMemory?: boolean;
  /**
   * Whether runs of the program may go on at the same time, where the engine has several threads: each then has one.
   * The memory of a run's inputs may be gone after it: they are handed over.
   */
  readonly sideBySide?: boolean;
}

/** A compiled function. Programs are cached by the shapes they are run with. */
export interface Program<In, Out> {
  /**
   * Runs the function.
   * @param inputs host tensors, the tree of the function's inputs
   * @param into outputs of an earlier run whose memory may be overwritten
   */
  run(inputs: ToHost<In>, into?: ToHost<Out>): Promise<ToHost<Out>>;
  dispose(): Promise<void>;
}

export interface Engine {
  readonly name: EngineName;
  readonly provider: ProviderName;
  /** How many processors its programs use. */
  readonly threads: number;
  compile<In extends Tree<Tensor>, Out extends Tree<Tensor>>(
    fn: TensorFunction<In, Out>,
    options: ProgramOptions,
  ): Program<In, Out>;
}
