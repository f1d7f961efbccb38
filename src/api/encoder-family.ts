/** @file What an encoder family is: configuration, parameters, and the pass from waveform to hidden states. */
import type { ZodType } from 'zod';
import type { Specs } from '../encoders/parameter-specs.js';
import type { Tensor } from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';

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
