/** @file A recording found in a package, before and after it is decoded. */
import type { Split } from './splits.js';

export interface Recording {
  /** File in the unpacked packages. */
  readonly source: string;
  /** Name below the audio folder, without extension; also the utterance's id with '/' as '-'. */
  readonly name: string;
  readonly corpus: 'fillets' | 'gcin' | 'asterisk';
  /** Empty where nobody says who speaks. */
  readonly speaker: string;
  readonly language: string;
  readonly split: Split;
  readonly text?: string;
  readonly label?: string;
}

export interface Decoded extends Recording {
  /** 16 kHz mono WAV. */
  readonly wav: string;
  readonly durationSeconds: number;
}
