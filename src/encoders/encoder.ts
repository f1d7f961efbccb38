/** @file What an encoder is to the rest of the harness: a frozen function from waveform to hidden states. */

import type { ZodType } from 'zod';
import type { HostParameters } from '../base/host-tensor.js';
import type { Tensor } from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import type { Specs } from './parameter-specs.js';

/** A kind of encoder: plug-ins and built-in ones implement this. */
export interface EncoderFamily<Config> {
  readonly name: string;
  readonly schema: ZodType<Config>;
  /** Every parameter: names and layouts as in the reference code, and how untrained ones start. */
  parameters(config: Config): Specs;
  /**
   * Hidden states: the input of block 0, then the output of every block, each [1, frames, dim].
   * @param waveform [1, samples], 16 kHz, normalised if the config asks for it
   */
  forward(config: Config, parameters: Parameters, waveform: Tensor): readonly Tensor[];
  /** Width of every hidden state. */
  dims(config: Config): readonly number[];
  /** Whether each utterance is brought to zero mean and unit variance first. */
  normalizesWaveform(config: Config): boolean;
  /** What is added to the variance then (default: 1e-5, as fairseq). */
  readonly waveformEpsilon?: number;
  /** Fewest samples that give one frame. */
  minimumSamples(config: Config): number;
  /** Samples from one frame to the next. */
  hopSamples(config: Config): number;
}

/** The files an encoder was read from. */
export interface EncoderOrigin {
  /** `ehmam folder`, `torch checkpoint`, ... */
  readonly format: string;
  readonly files: readonly string[];
  /** What a checkpoint says of its training, as it says it. */
  readonly training?: unknown;
}

/** A family with its configuration and weights: what a SPEC names. */
export interface Encoder {
  /** Name shown in tables: the last part of the SPEC. */
  readonly name: string;
  readonly spec: string;
  /** SHA-256 over family, configuration and weights. */
  readonly hash: string;
  readonly family: string;
  readonly config: unknown;
  readonly parameters: HostParameters;
  readonly dims: readonly number[];
  readonly normalizesWaveform: boolean;
  readonly waveformEpsilon?: number;
  readonly minimumSamples: number;
  readonly hopSamples: number;
  /** Where it came from; absent for one that no file holds. */
  readonly origin?: EncoderOrigin;
  /** What a user should know about how it was read. */
  readonly notes?: readonly string[];
  /** waveform [1, samples] to hidden states, each [1, frames, dims[i]]. */
  forward(parameters: Parameters, waveform: Tensor): readonly Tensor[];
}
