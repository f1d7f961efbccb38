/** @file What a masking strategy is: the interface of plug-ins, which built-in strategies use alone. */
import type { RandomStream } from '../base/random.js';

export interface MaskSettings {
  /** Share of frames that spans would cover if they did not overlap (P). */
  readonly probability: number;
  /** Frames a span hides. */
  readonly span: number;
  /** The share of hard starts is (epoch + 1) / epochs, and `shareCap` once that reaches `capFrom`. */
  readonly epochs: number;
  readonly capFrom: number;
  readonly shareCap: number;
  /** Strategy `block`: what is added to the visible share when blocks are counted, as they overlap. */
  readonly adjust: number;
}

/** EH-MAM's values (released configuration); `adjust` is data2vec 2.0's for speech. */
export const maskDefaults: MaskSettings = {
  probability: 0.5,
  span: 5,
  epochs: 150,
  capFrom: 0.7,
  shareCap: 0.8,
  adjust: 0.05,
};

/** What a strategy may ask for beside the predicted loss, which all are given. */
export const maskingNeeds = ['actualLoss', 'energy'] as const;
export type MaskingNeed = (typeof maskingNeeds)[number];

export interface MaskRequest {
  /** The teacher's predicted loss of each frame, a row an utterance. */
  readonly predictedLoss: readonly Float32Array[];
  /**
   * The student's loss of each frame while that frame is masked, without dropout; there where the strategy needs it. It
   * takes three more passes of the student without gradients, each with a third of the frames masked.
   */
  readonly actualLoss?: readonly Float32Array[];
  /** Mean power of the samples that each frame stands for; there where the strategy needs it. */
  readonly energy?: readonly Float32Array[];
  /** Frames of each utterance, two or more; frames behind it are never masked. */
  readonly lengths: readonly number[];
  /** Part of the training that is done, in [0, 1). */
  readonly progress: number;
  readonly settings: MaskSettings;
  /** The only source of chance: a strategy that uses another one cannot be resumed. */
  readonly random: RandomStream;
}

export interface MaskingStrategy {
  readonly name: string;
  /** One line for `ehmam list maskings`. */
  readonly about: string;
  /** What `choose` is given beside the predicted loss (default: nothing). */
  readonly needs?: readonly MaskingNeed[];
  /** Share of spans that start where the strategy wants them and not at random, in [0, 1]: what the log says. */
  readonly hardShare: (settings: MaskSettings, progress: number) => number;
  /**
   * 1 where a frame is masked: a row an utterance, each as long as the longest utterance. Every row masks equally
   * many frames, at least one, and leaves at least one to see.
   */
  readonly choose: (request: MaskRequest) => readonly Uint8Array[];
}
