/** @file FBANK: 80 log-mel energies with first and second differences, and the same with every dimension standardised. */

import { z } from 'zod';
import type { EncoderFamily } from '../../api/encoder-family.js';
import * as tf from '../../engine/ops.js';
import { ownOnly, ownSamples, ownSteps, windowCounts } from '../../nn/own-steps.js';
import { deltas } from './deltas.js';
import { hopSamples, logMel, windowSamples } from './log-mel.js';

export const fbankSchema = z
  .object({
    family: z.literal('fbank'),
    bins: z.number().int().positive(),
    /** Cepstral mean and variance normalisation: every dimension, over the utterance (default: none). */
    cmvn: z.boolean().optional(),
  })
  .strict();
export type FbankConfig = z.infer<typeof fbankSchema>;

/** 80 bins, differences of order 1 and 2 over 5 frames (s3prl upstream/baseline/fbank_no_cmvn.yaml). */
export const fbankDefault: FbankConfig = { family: 'fbank', bins: 80 };

/**
 * s3prl's `fbank` (upstream/baseline/fbank.yaml). The published row of SUPERB has it in PR, ASR, SF, ASV, SD and QbE, and
 * `fbankDefault` in KS, IC, SID and ER: their heads take means over time, which it makes zero.
 */
export const fbankCmvn: FbankConfig = { ...fbankDefault, cmvn: true };

/** Added to the deviation, as s3prl does. */
const cmvnEpsilon = 1e-10;

export const fbankFamily: EncoderFamily<FbankConfig> = {
  name: 'fbank',
  schema: fbankSchema,
  presets: { fbank: fbankDefault, 'fbank:cmvn': fbankCmvn },
  parameters: () => ({}),
  forward: ({ bins, cmvn = false }, _parameters, { waveform, lengths }) => {
    const counts = lengths && windowCounts(lengths, windowSamples, hopSamples);
    const energies = logMel(ownSamples(waveform, lengths), bins); // (batch, bins, frames)
    const first = deltas(energies, counts);
    const all = tf.concat([energies, first, deltas(first, counts)], 1).transpose([0, 2, 1]); // (batch, frames, 3 bins)
    const own = counts && ownSteps(counts, all, 1);
    const states = ownOnly(all, own);
    return [cmvn ? ownOnly(standardised(states, own), own) : states];
  },
  dims: ({ bins }) => [3 * bins],
  normalizesWaveform: () => false,
  minimumSamples: () => windowSamples,
  hopSamples: () => hopSamples,
};

/**
 * Every dimension less its mean over time, over its deviation (of n - 1; that of a single frame is 0).
 * @param states [batch, frames, width], zeros behind a row's end
 * @param own bool [batch, frames]: which frames are a row's own (default: all)
 */
function standardised(states: tf.Tensor, own: tf.Tensor | undefined): tf.Tensor {
  const ones = own === undefined ? tf.onesLike(states) : tf.onesLike(states).mul(own.toFloat().expandDims(2));
  const count = ones.sum(1, true); // (batch, 1, width)
  const centred = states.sub(states.sum(1, true).div(count));
  const squares = centred.square().mul(ones).sum(1, true);
  const deviation = squares.div(tf.maximum(count.sub(1), 1)).sqrt();
  return centred.div(deviation.add(cmvnEpsilon));
}
