/** @file The normalisations of a description as a traced function, for exported files. */
import * as tf from '../../engine/ops.js';
import type { Normalization } from './description.js';

/** torch's. */
const epsilon = 1e-5;

/** @param waveform [1, samples] */
export function normalizedWaveform(waveform: tf.Tensor, normalization: Normalization): tf.Tensor {
  if (normalization === 'none') return waveform;
  if (normalization === 'utterance') {
    const centred = waveform.sub(waveform.mean(1, true));
    return centred.mul(centred.square().mean(1, true).add(epsilon).rsqrt());
  }
  const tiny = 1e-30; // Silence stays silence.
  if (normalization === 'peak') return waveform.div(tf.maximum(waveform.abs().max(1, true), tiny));
  const level = tf.maximum(waveform.square().mean(1, true), tiny).rsqrt();
  const factor = level.mul(10 ** (normalization.decibels / 20));
  return waveform.mul(normalization.onlyIncrease ? tf.maximum(factor, 1) : factor);
}
