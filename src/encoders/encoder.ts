/** @file What an encoder is to the rest of the harness: weights, and a function from waveforms to hidden states. */

import type { EncoderInput } from '../api/encoder-family.js';
import type { HostParameters } from '../base/host-tensor.js';
import type { Tensor } from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';

/** The files an encoder was read from. */
export interface EncoderOrigin {
  /** `ehmam folder`, `torch checkpoint`, ... */
  readonly format: string;
  readonly files: readonly string[];
  /** Files that would have counted, had they been there. */
  readonly absent?: readonly string[];
  /** What a checkpoint says of its training, as it says it. */
  readonly training?: unknown;
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
  /** Hidden states, each [batch, frames, dims[i]]; those behind the end of a row are zeros. */
  forward(parameters: Parameters, input: EncoderInput): readonly Tensor[];
}
