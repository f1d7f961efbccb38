/** @file What an encoder is to the rest of the harness: weights, and a function from waveforms to hidden states. */

import type { EncoderInput } from '../api/encoder-family.js';
import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import type { Engine, GraphSlot } from '../engine/engine.js';
import type { ModelNames } from '../engine/model-names.js';
import type { Tensor } from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import type { RecognitionLayer } from './recognition.js';

/** The files an encoder was read from. */
export interface EncoderOrigin {
  /** `ehmam folder`, `torch checkpoint`, ... */
  readonly format: string;
  readonly files: readonly string[];
  /** Files that would have counted, had they been there. */
  readonly absent?: readonly string[];
  /** What a checkpoint says of its training, as it says it. */
  readonly training?: unknown;
  /** The checkpoint that its training began with, as the folder says it. */
  readonly init?: unknown;
}

/** An input or output of an ONNX file, and what it is taken for. */
export interface SlotUse extends GraphSlot {
  readonly kind: 'input' | 'output';
  readonly use: string;
}

/** An encoder that another program wrote as an ONNX file: it is run as it is. */
export interface EncoderGraph {
  readonly file: string;
  /** How many numbers its weights are. */
  readonly parameters: number;
  readonly slots: readonly SlotUse[];
  /** Files that a copy of the encoder needs, all of one folder. */
  readonly files: readonly string[];
  /**
   * One ONNX model with the file inside, from a raw waveform [1, samples] to `outputs`.
   * @param outputs what is made of its hidden states, each [1, frames, dim]
   * @param factor what samples are multiplied by first
   * @throws UserError saying what cannot be joined
   */
  merge(
    outputs: (states: readonly Tensor[]) => Readonly<Record<string, Tensor>>,
    names: ModelNames,
    factor: number,
  ): Promise<Uint8Array>;
  /**
   * Opens it on an engine, for waveforms of 16 kHz as read, `minimumSamples` or longer.
   * @returns every hidden state, each [frames, dim]
   * @throws UserError for an engine that runs no ONNX files
   */
  open(
    engine: Engine,
  ): Promise<((samples: Float32Array) => Promise<HostTensor[]>) & { close(): Promise<void> }>;
}

/** A family with its configuration and weights: what a SPEC names. */
export interface Encoder {
  /** Name shown in tables: the last part of the SPEC. */
  readonly name: string;
  readonly spec: string;
  /** SHA-256 over family, configuration (but for what only training looks at) and weights. */
  readonly hash: string;
  readonly family: string;
  readonly config: unknown;
  readonly parameters: HostParameters;
  /** Width of every hidden state, all the same. */
  readonly dims: readonly number[];
  readonly normalizesWaveform: boolean;
  readonly waveformEpsilon?: number;
  readonly minimumSamples: number;
  readonly hopSamples: number;
  /** Where it came from; absent for one that no file holds. */
  readonly origin?: EncoderOrigin;
  /** What a user should know about how it was read. */
  readonly notes?: readonly string[];
  /** What training puts in place of masked frames, [width], where a checkpoint has it; no part of the hash. */
  readonly maskEmbedding?: HostTensor;
  /**
   * Reads the output layer that fine-tuning left behind the last hidden state, where there is one; no part of the hash.
   * @throws UserError for a layer whose tokens are not known
   */
  readonly recognition?: () => Promise<RecognitionLayer>;
  /** Where an ONNX file is the encoder; `parameters` is empty then, and `forward` throws. */
  readonly graph?: EncoderGraph;
  /** Hidden states, each [batch, frames, dims[i]]; those behind the end of a row are zeros. */
  forward(parameters: Parameters, input: EncoderInput): readonly Tensor[];
}
