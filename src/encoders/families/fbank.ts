/** @file FBANK: 80 log-mel energies with first and second differences, SUPERB's baseline row. */

import { z } from 'zod';
import type { EncoderFamily } from '../../api/encoder-family.js';
import * as tf from '../../engine/ops.js';
import { ownOnly, ownSamples, ownSteps, windowCounts } from '../../nn/own-steps.js';
import { deltas } from './deltas.js';
import { hopSamples, logMel, windowSamples } from './log-mel.js';

export const fbankSchema = z
  .object({ family: z.literal('fbank'), bins: z.number().int().positive() })
  .strict();
export type FbankConfig = z.infer<typeof fbankSchema>;

/** SUPERB's: 80 bins, differences of order 1 and 2 over 5 frames (s3prl upstream/baseline/fbank.yaml). */
export const fbankDefault: FbankConfig = { family: 'fbank', bins: 80 };

export const fbankFamily: EncoderFamily<FbankConfig> = {
  name: 'fbank',
  schema: fbankSchema,
  presets: { fbank: fbankDefault },
  parameters: () => ({}),
  forward: ({ bins }, _parameters, { waveform, lengths }) => {
    const counts = lengths && windowCounts(lengths, windowSamples, hopSamples);
    const energies = logMel(ownSamples(waveform, lengths), bins); // (batch, bins, frames)
    const first = deltas(energies, counts);
    const all = tf.concat([energies, first, deltas(first, counts)], 1).transpose([0, 2, 1]); // (batch, frames, 3 bins)
    return [ownOnly(all, counts && ownSteps(counts, all, 1))];
  },
  dims: ({ bins }) => [3 * bins],
  normalizesWaveform: () => false,
  minimumSamples: () => windowSamples,
  hopSamples: () => hopSamples,
};
