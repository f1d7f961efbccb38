/** @file FBANK: 80 log-mel energies with first and second differences, SUPERB's baseline row. */

import { z } from 'zod';
import type { EncoderFamily } from '../../api/encoder-family.js';
import * as tf from '../../engine/ops.js';
import { conv1d } from '../../nn/conv1d.js';
import { ownOnly, ownSamples, ownSteps, windowCounts } from '../../nn/own-steps.js';
import { hopSamples, logMel, windowSamples } from './log-mel.js';

export const fbankSchema = z
  .object({ family: z.literal('fbank'), bins: z.number().int().positive() })
  .strict();
export type FbankConfig = z.infer<typeof fbankSchema>;

/** SUPERB's: 80 bins, differences of order 1 and 2 over 5 frames (s3prl upstream/baseline/fbank.yaml). */
export const fbankDefault: FbankConfig = { family: 'fbank', bins: 80 };

/** A row's frames, the last one repeated in place of those behind its end. */
interface Held {
  /** [batch, channels, frames] */
  readonly x: tf.Tensor;
  /** [batch, channels, 1] */
  readonly last: tf.Tensor;
}

/** @param counts [batch], frames of each row; without them, every row fills the tensor */
function held(x: tf.Tensor, counts: tf.Tensor | undefined): Held {
  const [batch, channels, frames] = x.shape as [number, number, number];
  if (counts === undefined) return { x, last: x.slice([0, 0, frames - 1], [batch, channels, 1]) };
  const own = ownSteps(counts, x, 2).toFloat().expandDims(1); // (batch, 1, frames)
  const before = ownSteps(counts.sub(1), x, 2).toFloat().expandDims(1);
  const last = x.mul(own.sub(before)).sum(2, true);
  return { x: x.mul(own).add(last.mul(tf.scalar(1).sub(own))), last };
}

/** Slope of the regression line over five frames, edges repeated, as torchaudio's compute_deltas. */
function deltas(given: tf.Tensor, counts: tf.Tensor | undefined): tf.Tensor {
  const [batch, channels] = given.shape as [number, number, number];
  const first = given.slice([0, 0, 0], [batch, channels, 1]);
  const { x, last } = held(given, counts);
  const padded = tf.concat([first, first, x, last, last], 2);
  const slope = tf.tensor3d([-0.2, -0.1, 0, 0.1, 0.2], [1, 1, 5]).tile([channels, 1, 1]) as tf.Tensor3D;
  return conv1d({ 'slope.weight': slope }, 'slope', padded, { groups: channels });
}

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
