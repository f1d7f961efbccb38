/** @file What a fine-tuning is asked for, and what it is made of once its data was read. */
import type { Encoder } from '../encoders/encoder.js';
import type { RecognitionLayer } from '../encoders/recognition.js';
import type { Engine } from '../engine/engine.js';
import type { FinetuneData, FinetuneManifests } from './data.js';
import type { DecodingLm } from './decoding/settings.js';
import type { FinetuneFolder, FinetuneTraining } from './run-folder.js';
import type { FinetuneSettings } from './settings.js';
import type { Speech } from './speech.js';
import type { Letters } from './tokens.js';
import type { TrainableEncoder } from './trained.js';

export interface FinetuneOptions extends FinetuneManifests {
  readonly encoder: Encoder;
  readonly settings: FinetuneSettings;
  /** What the record calls the settings. */
  readonly preset: string;
  /** Goes on with the encoder's own output layer and its tokens. */
  readonly keepOutput?: boolean | undefined;
  /** Decodes with a language model too. */
  readonly lm?: DecodingLm | undefined;
  readonly out: string;
  readonly engine: Engine;
  /** Goes on with what is in `out`. */
  readonly resume?: boolean;
  /** Seconds between checkpoints; 0: after every update (default: 30, or what costs little). */
  readonly checkpointSeconds?: number | undefined;
  /** Folder for TensorBoard's event files. */
  readonly tensorboard?: string | undefined;
  readonly quiet?: boolean;
  /** When it is aborted, the training writes a checkpoint and ends. */
  readonly signal?: AbortSignal | undefined;
  readonly say?: (remark: string) => void;
  /** Told what share of the updates is done. */
  readonly onProgress?: (share: number, note?: string) => void;
}

/** What a training is made of once its data was read. */
export interface FinetuneWork {
  readonly options: FinetuneOptions;
  readonly folder: FinetuneFolder;
  readonly training: FinetuneTraining;
  readonly trained: TrainableEncoder;
  readonly letters: Letters;
  readonly keptOutput: RecognitionLayer | undefined;
  readonly data: FinetuneData;
  readonly speech: Speech;
}
