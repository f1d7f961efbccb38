/** @file What an encoder family is: configuration, parameters, and the pass from waveform to hidden states. */
import type { ZodType } from 'zod';
import type { Specs } from '../encoders/parameter-specs.js';
import type { Tensor } from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import type { DropoutKey } from '../nn/dropout.js';

/** A batch of utterances, and what is done to it in training. */
export interface EncoderInput {
  /** [batch, samples], 16 kHz, each row normalised by its own samples where the configuration asks for it. */
  readonly waveform: Tensor;
  /**
   * int32 [batch]: samples of each row, `minimumSamples` or more. The samples behind them are not read. Absent: every
   * row is as long as the tensor.
   */
  readonly lengths?: Tensor;
  /** Training: what decides the masks of dropout and layer drop, an int32 scalar. Absent: nothing is dropped. */
  readonly dropoutKey?: DropoutKey;
  /**
   * Training: what is put in place of the frames [batch, frames, width] once they have the transformer's width and
   * before positions are added to them, where wav2vec 2.0 and its kin mask spans of time and channels. A family without
   * a transformer does not call it.
   */
  readonly maskFrames?: (frames: Tensor) => Tensor;
}

/** How a family is read from a folder that transformers wrote, whose `model_type` is the family's name. */
export interface HubSource<Settings = unknown, Preprocessor = unknown, Config = unknown> {
  /** What stands before the encoder's parameter names in checkpoints that have a head as well. */
  readonly prefix: string;
  /** What the family reads of `config.json`, with the defaults of transformers; other entries are left. */
  readonly settings: ZodType<Settings>;
  /**
   * What the family reads of the preprocessor's settings, with the defaults of transformers, where frames are made of
   * more than samples. Absent: whether waveforms are normalised is all that is read.
   */
  readonly preprocessor?: ZodType<Preprocessor>;
  /** Parameters, by the encoder's names, that no hidden state depends on: decoders, what stands behind the last block. */
  readonly beside?: RegExp;
  /** The family's configuration; its schema is still to judge it. */
  configuration(settings: Settings, normalizeWaveform: boolean, preprocessor: Preprocessor): unknown;
  /**
   * transformers' class of the family with an output layer over tokens behind the last hidden state: `Wav2Vec2ForCTC`.
   * Absent: such a layer is not read.
   */
  readonly recogniser?: string;
  /** How the family is written for transformers. Absent: it is not. */
  readonly written?: HubWriting<Config>;
}

/** What transformers is to read of an encoder; names of parameters are the encoder's, behind `prefix` where there is a head. */
export interface HubWriting<Config = unknown> {
  /** transformers' class of the encoder alone: `Wav2Vec2Model`. */
  readonly model: string;
  /** `config.json`, but for the classes and the tokens. */
  settings(config: Config): Readonly<Record<string, unknown>>;
}

/** A function of a configuration, with a method's type: a family of any configuration is one of `unknown`. */
type Method<Config, Result> = { of(config: Config): Result }['of'];

/**
 * A kind of encoder: plug-ins and built-in ones implement this, in pure functions.
 *
 * What `forward` promises, and the harness relies on:
 * - It takes any batch. With `lengths`, padding changes nothing: the hidden states of a row's own frames equal those of
 *   the row alone, within 1e-5, whatever the rows beside it. So statistics over time are taken over own steps, a
 *   convolution sees zeros behind the end as it does at the end of the row alone, and no frame attends to padding;
 *   `ownSamples`, `ownSteps` and `groupNorm` (src/api/tensors.ts) are for that. Hidden states behind a row's end are zeros.
 * - A row of n samples has floor((n - minimumSamples) / hopSamples) + 1 frames of its own.
 * - Every parameter that is trained has a gradient: an operation of one's own is written with `withGradient`.
 * - No value of a tensor is read, and no length becomes a constant while nothing is dropped: one program serves
 *   utterances of every length.
 * - With `dropoutKey` the masks depend on the key and the place in the model alone, as those of `dropout` and `layerKept`.
 */
export interface EncoderFamily<Config = unknown> {
  /** What `family` says in a configuration. */
  readonly name: string;
  /** Judges a configuration, and fills in what it leaves out. */
  readonly schema: ZodType<Config>;
  /**
   * Configurations with a name, which is a SPEC: `NAME` where the family has no parameters, otherwise `random:NAME`,
   * an encoder that was never trained.
   */
  readonly presets?: Readonly<Record<string, Config>>;
  /** Settings that only training looks at, such as rates of dropout: they are no part of an encoder's hash. */
  readonly trainingSettings?: readonly string[];
  /**
   * How the names of the parameters begin that turn samples into frames: fine-tuning leaves them as they are, as the
   * reference does (default: none).
   */
  readonly frontEnd?: readonly string[];
  /**
   * What stands in place of the frames that fine-tuning masks: noise, as the encoder was pre-trained with, or one learnt
   * frame (default).
   */
  readonly maskedFrames?: 'noise' | 'learnt';
  /** For families that transformers has too. */
  readonly hub?: HubSource;
  /** Every parameter: names and layouts as in the reference code, and how untrained ones start. */
  parameters(config: Config): Specs;
  /** Hidden states: the input of block 0, then the output of every block, each [batch, frames, dim]. */
  forward(config: Config, parameters: Parameters, input: EncoderInput): readonly Tensor[];
  /** Width of every hidden state, all the same: heads weigh the layers and add them up. */
  dims(config: Config): readonly number[];
  /** Whether each utterance is brought to zero mean and unit variance first: the caller does it, `forward` does not. */
  normalizesWaveform(config: Config): boolean;
  /** What is added to the variance then (default: 1e-5, as fairseq). */
  readonly waveformEpsilon?: number | Method<Config, number>;
  /** Fewest samples that give one frame; shorter utterances are padded with zeros to as many. */
  minimumSamples(config: Config): number;
  /** Samples from one frame to the next. */
  hopSamples(config: Config): number;
}
