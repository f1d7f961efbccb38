/** @file Log-mel filter banks as a traced function: framing, window and Fourier transform are one convolution. */

import { sampleRateHz } from '../../audio/index.js';
import { float32, type HostTensor } from '../../base/host-tensor.js';
import { tensorOf } from '../../engine/constants.js';
import * as tf from '../../engine/ops.js';
import { conv1d } from '../../nn/conv1d.js';
import { ownSteps, windowCounts } from '../../nn/own-steps.js';

/** 25 ms and 10 ms at 16 kHz. */
export const windowSamples = 400;
export const hopSamples = 160;
const fourierSize = 512;
/** Lower edge of the filters, as Kaldi. */
const lowestHz = 20;
const preemphasis = 0.97;
/** float32's machine epsilon: Kaldi's floor before the logarithm. */
const energyFloor = 1.1920928955078125e-7;

/** Kaldi's mel scale. */
const melOf = (hz: number): number => 1127 * Math.log(1 + hz / 700);

/**
 * What Kaldi does to a frame before the power spectrum, as one matrix: remove the mean, pre-emphasise,
 * Povey window, real and imaginary parts of the transform (feature-window.cc). [2 * 257, 1, 400].
 */
export function spectrumFilters(): HostTensor {
  const bins = fourierSize / 2 + 1;
  const filters = new Float32Array(2 * bins * windowSamples);
  const window = Float64Array.from(
    { length: windowSamples },
    (_, n) => (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (windowSamples - 1))) ** 0.85,
  );
  for (let row = 0; row < 2 * bins; row++) {
    const bin = row % bins;
    const wave = row < bins ? Math.cos : (angle: number) => -Math.sin(angle);
    const tap = Float64Array.from(window, (w, n) => w * wave((2 * Math.PI * bin * n) / fourierSize));
    // Transposed pre-emphasis: y[n] = x[n] - 0.97 x[n - 1], and x[0] stands for x[-1].
    const emphasised = Float64Array.from(tap, (value, n) => value - preemphasis * (tap[n + 1] ?? 0));
    emphasised[0] = (emphasised[0] as number) - preemphasis * (tap[0] as number);
    const mean = emphasised.reduce((sum, value) => sum + value, 0) / windowSamples;
    for (let n = 0; n < windowSamples; n++)
      filters[row * windowSamples + n] = (emphasised[n] as number) - mean;
  }
  return float32([2 * bins, 1, windowSamples], filters);
}

/** Triangular filters, linear in mel, as Kaldi's mel-computations.cc: [bins, 257]. */
export function melFilters(bins: number): HostTensor {
  const columns = fourierSize / 2 + 1;
  const [low, high] = [melOf(lowestHz), melOf(sampleRateHz / 2)];
  const width = (high - low) / (bins + 1);
  const weights = new Float32Array(bins * columns);
  for (let filter = 0; filter < bins; filter++) {
    const centre = low + (filter + 1) * width;
    // The bin at the Nyquist frequency has no weight in Kaldi.
    for (let bin = 0; bin < columns - 1; bin++) {
      const distance = Math.abs(melOf((bin * sampleRateHz) / fourierSize) - centre);
      weights[filter * columns + bin] = Math.max(0, 1 - distance / width);
    }
  }
  return float32([bins, columns], weights);
}

/**
 * Kaldi-compatible log-mel energies without dither.
 * @param waveform [batch, samples], at least 400 samples
 * @returns [batch, bins, frames], a frame every 10 ms, only whole windows
 */
export function logMel(waveform: tf.Tensor, bins: number): tf.Tensor {
  const filters = { 'spectrum.weight': tensorOf(spectrumFilters()) };
  const parts = conv1d(filters, 'spectrum', waveform.expandDims(1), { stride: hopSamples }); // (batch, 514, frames)
  const [real, imaginary] = tf.split(parts.square(), 2, 1) as [tf.Tensor, tf.Tensor];
  const power = real.add(imaginary); // (batch, 257, frames)
  const energies = tf.matMul(tensorOf(melFilters(bins)).expandDims(0), power); // (batch, bins, frames)
  return tf.maximum(energies, energyFloor).log();
}

/**
 * Neighbouring frames as one; those left over at the end are dropped.
 * @param energies [batch, bins, frames]
 * @returns [batch, frames / stack, stack * bins], the earlier frame first
 */
export function stackFrames(energies: tf.Tensor, stack: number): tf.Tensor {
  const bins = energies.shape[1] as number;
  // A stack of neighbours is a strided convolution with one tap set for each channel of its output.
  const taps = new Float32Array(bins * stack * bins * stack);
  for (let i = 0; i < bins * stack; i++) taps[(i * bins + (i % bins)) * stack + Math.floor(i / bins)] = 1;
  const weight = tf.tensor3d(taps, [bins * stack, bins, stack]);
  return conv1d({ 'stack.weight': weight }, 'stack', energies, { stride: stack }).transpose([0, 2, 1]);
}

/**
 * The mean of every bin over a row's own frames.
 * @param values [batch, bins, frames]
 * @param lengths [batch], samples of each row; by default all frames are a row's own
 * @returns [batch, bins, 1]
 */
export function ownMean(values: tf.Tensor, lengths: tf.Tensor | undefined): tf.Tensor {
  if (lengths === undefined) return values.mean(2, true);
  const counts = windowCounts(lengths, windowSamples, hopSamples);
  const own = ownSteps(counts, values, 2).toFloat().expandDims(1); // (batch, 1, frames)
  return values
    .mul(own)
    .sum(2, true)
    .div(counts.reshape([-1, 1, 1]));
}
