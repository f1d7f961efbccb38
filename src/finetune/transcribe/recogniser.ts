/** @file A recogniser that is open: from samples to log-probabilities of tokens, frame by frame. */
import { floatsOf } from '../../base/host-tensor.js';
import type { Recogniser } from '../../encoders/recogniser.js';
import { recognitionTensors, tokenLogits } from '../../encoders/recognition.js';
import { constants } from '../../engine/constants.js';
import type { Engine } from '../../engine/engine.js';
import * as tf from '../../engine/ops.js';
import { extractOutputs } from '../../features/extract.js';
import type { Alphabet } from '../../lm/alphabet.js';

/** Whatever reads text out of audio: a fine-tuned encoder, or a frozen one with a head. */
export interface OpenRecogniser {
  readonly name: string;
  readonly alphabet: Alphabet;
  /** Samples at 16 kHz from one frame to the next. */
  readonly hopSamples: number;
  /** Fewer samples than these are filled up with silence. */
  readonly minimumSamples: number;
  /**
   * Of 16 kHz samples, as read.
   * @returns natural logarithms of probabilities [frames, tokens], row-major
   */
  emissions(samples: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens a fine-tuned encoder. */
export function openRecogniser(engine: Engine, { encoder, recognition }: Recogniser): OpenRecogniser {
  const { weight: _weight, bias: _bias, ...alphabet } = recognition;
  const extract = extractOutputs(engine, encoder, 'what is said', (states) => {
    const layer = constants(recognitionTensors(recognition));
    return { emissions: tf.logSoftmax(tokenLogits(layer, states), -1) };
  });
  return {
    ...{ name: encoder.name, alphabet },
    ...{ hopSamples: encoder.hopSamples, minimumSamples: encoder.minimumSamples },
    emissions: async (samples) => floatsOf((await extract(samples)).emissions),
    close: () => extract.dispose(),
  };
}
