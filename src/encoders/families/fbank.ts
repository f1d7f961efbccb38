/** @file FBANK: 80 log-mel energies with first and second differences, SUPERB's baseline row. */

import { z } from 'zod';
import type { EncoderFamily } from '../../api/encoder-family.js';
import * as tf from '../../engine/ops.js';
import { conv1d } from '../../nn/conv1d.js';
import { hopSamples, logMel, windowSamples } from './log-mel.js';

export const fbankSchema = z
  .object({ family: z.literal('fbank'), bins: z.number().int().positive() })
  .strict();
export type FbankConfig = z.infer<typeof fbankSchema>;

/** SUPERB's: 80 bins, differences of order 1 and 2 over 5 frames (s3prl upstream/baseline/fbank.yaml). */
export const fbankDefault: FbankConfig = { family: 'fbank', bins: 80 };

/** Slope of the regression line over five frames, edges repeated, as torchaudio's compute_deltas. */
function deltas(x: tf.Tensor): tf.Tensor {
  const [, channels, frames] = x.shape as [number, number, number];
  const first = x.slice([0, 0, 0], [1, channels, 1]);
  const last = x.slice([0, 0, frames - 1], [1, channels, 1]);
  const padded = tf.concat([first, first, x, last, last], 2);
  const slope = tf.tensor3d([-0.2, -0.1, 0, 0.1, 0.2], [1, 1, 5]).tile([channels, 1, 1]) as tf.Tensor3D;
  return conv1d({ 'slope.weight': slope }, 'slope', padded, { groups: channels });
}

export const fbankFamily: EncoderFamily<FbankConfig> = {
  name: 'fbank',
  schema: fbankSchema,
  parameters: () => ({}),
  forward: ({ bins }, _parameters, waveform) => {
    const energies = logMel(waveform, bins); // (1, bins, frames)
    const first = deltas(energies);
    return [tf.concat([energies, first, deltas(first)], 1).transpose([0, 2, 1])];
  },
  dims: ({ bins }) => [3 * bins],
  normalizesWaveform: () => false,
  minimumSamples: () => windowSamples,
  hopSamples: () => hopSamples,
};
