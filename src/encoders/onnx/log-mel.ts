/** @file A log-mel front end of any settings as a traced function; torch, librosa, Whisper and Kaldi name their forms. */
import { float32, type HostTensor } from '../../base/host-tensor.js';
import { tensorOf } from '../../engine/constants.js';
import * as tf from '../../engine/ops.js';
import { conv1d } from '../../nn/conv1d.js';
import type { LogMelSettings } from './log-mel-settings.js';

/** Samples of a frame: a whole transform where frames are centred, as torch and librosa; else the window, as Kaldi. */
const frameSamples = ({ centre, fourierSize, windowSamples }: LogMelSettings): number =>
  centre === 'no' ? windowSamples : fourierSize;

/** Fewest samples that give a frame. */
export function fewestSamples(settings: LogMelSettings): number {
  const { centre, fourierSize, windowSamples, hopSamples, dropLast } = settings;
  const first = centre === 'no' ? windowSamples : centre === 'reflect' ? Math.floor(fourierSize / 2) + 1 : 1;
  return dropLast ? Math.max(first, hopSamples) : first;
}

/**
 * Log-mel energies.
 * @param waveform [1, samples], `fewestSamples` or more
 * @returns [1, frames, bins]
 */
export function logMelFrames(waveform: tf.Tensor, settings: LogMelSettings, sampleRateHz: number): tf.Tensor {
  const { hopSamples, power: exponent, dropLast } = settings;
  const filters = { 'spectrum.weight': tensorOf(spectrumTaps(settings)) };
  const framed = padded(waveform, settings).expandDims(1);
  let parts = conv1d(filters, 'spectrum', framed, { stride: hopSamples }); // (1, 2 columns, frames)
  if (dropLast) parts = parts.slice([0, 0, 0], [1, -1, (parts.shape[2] as number) - 1]);
  const [real, imaginary] = tf.split(parts.square(), 2, 1) as [tf.Tensor, tf.Tensor];
  const powers = real.add(imaginary); // (1, columns, frames)
  const spectrum = exponent === 2 ? powers : powers.sqrt();
  const energies = tf.matMul(tensorOf(melWeights(settings, sampleRateHz)).expandDims(0), spectrum); // (1, bins, frames)
  return scaled(energies, settings).transpose([0, 2, 1]);
}

function padded(waveform: tf.Tensor, { centre, fourierSize }: LogMelSettings): tf.Tensor {
  const half = Math.floor(fourierSize / 2);
  if (centre === 'no') return waveform;
  if (centre === 'zeros')
    return tf.pad(waveform, [
      [0, 0],
      [half, half],
    ]);
  const samples = waveform.shape[1] as number;
  const before = tf.reverse(waveform.slice([0, 1], [1, half]), 1);
  const after = tf.reverse(waveform.slice([0, samples - 1 - half], [1, half]), 1);
  return tf.concat([before, waveform, after], 1);
}

function scaled(energies: tf.Tensor, settings: LogMelSettings): tf.Tensor {
  const { log, floor, dynamicRange, scale, shift, normalizeBins } = settings;
  let x = floor > 0 ? tf.maximum(energies, floor) : energies;
  if (log !== 'none') x = x.log();
  if (log === 'log10') x = x.mul(1 / Math.LN10);
  if (log === 'decibels') x = x.mul(10 / Math.LN10);
  if (dynamicRange > 0) x = tf.maximum(x, x.max([1, 2], true).sub(dynamicRange));
  if (scale !== 1) x = x.mul(scale);
  if (shift !== 0) x = x.add(shift);
  if (!normalizeBins) return x;
  const centred = x.sub(x.mean(2, true));
  return centred.div(centred.square().mean(2, true).add(1e-5).sqrt());
}

/** Window and Fourier transform of a frame, with what is done to it before, as one matrix: [2 columns, 1, samples]. */
export function spectrumTaps(settings: LogMelSettings): HostTensor {
  const { fourierSize, preemphasis, removeMean } = settings;
  const columns = Math.floor(fourierSize / 2) + 1;
  const length = frameSamples(settings);
  const window = windowShape(settings, length);
  const taps = new Float32Array(2 * columns * length);
  for (let row = 0; row < 2 * columns; row++) {
    const column = row % columns;
    const wave = row < columns ? Math.cos : (angle: number): number => -Math.sin(angle);
    const tap = Float64Array.from(
      window,
      (w, n) => w * wave((2 * Math.PI * ((column * n) % fourierSize)) / fourierSize),
    );
    if (preemphasis > 0) {
      // Transposed: y[n] = x[n] - p x[n - 1], and x[0] stands for x[-1].
      for (let n = 0; n < length; n++) tap[n] = (tap[n] as number) - preemphasis * (tap[n + 1] ?? 0);
      tap[0] = (tap[0] as number) - preemphasis * ((window[0] as number) * wave(0));
    }
    const mean = removeMean ? tap.reduce((sum, value) => sum + value, 0) / length : 0;
    for (let n = 0; n < length; n++) taps[row * length + n] = (tap[n] as number) - mean;
  }
  return float32([2 * columns, 1, length], taps);
}

/** The window, in the middle of the frame. */
function windowShape({ window, windowSamples }: LogMelSettings, length: number): Float64Array {
  const symmetric = window === 'povey' || window.endsWith('symmetric');
  const period = symmetric ? windowSamples - 1 : windowSamples;
  const base = window.startsWith('hamming') ? 0.54 : 0.5;
  const value = (n: number): number => {
    if (window === 'rectangular') return 1;
    const raised = base - (1 - base) * Math.cos((2 * Math.PI * n) / period);
    return window === 'povey' ? raised ** 0.85 : raised;
  };
  const first = Math.floor((length - windowSamples) / 2);
  return Float64Array.from({ length }, (_, n) =>
    n < first || n >= first + windowSamples ? 0 : value(n - first),
  );
}

/** Hz to mel and back. */
const scales = {
  htk: {
    mel: (hz: number): number => 1127 * Math.log(1 + hz / 700),
    hz: (mel: number): number => 700 * (Math.exp(mel / 1127) - 1),
  },
  // Malcolm Slaney's Auditory Toolbox: straight up to 1 kHz, logarithmic above.
  slaney: {
    mel: (hz: number): number =>
      hz < 1000 ? (3 * hz) / 200 : 15 + (27 * Math.log(hz / 1000)) / Math.log(6.4),
    hz: (mel: number): number =>
      mel < 15 ? (200 * mel) / 3 : 1000 * Math.exp(((mel - 15) * Math.log(6.4)) / 27),
  },
} as const;

/** Triangular filters: [bins, columns]. */
export function melWeights(
  { bins, fourierSize, mel, filterArea, lowHz, highHz }: LogMelSettings,
  sampleRateHz: number,
): HostTensor {
  const columns = Math.floor(fourierSize / 2) + 1;
  const scale = scales[mel === 'slaney' ? 'slaney' : 'htk'];
  const [low, high] = [scale.mel(lowHz), scale.mel(highHz === 0 ? sampleRateHz / 2 : highHz)];
  // Kaldi's triangles are straight over mel, those of the others over frequency.
  const place = (hz: number): number => (mel === 'kaldi' ? scale.mel(hz) : hz);
  const edges = Float64Array.from({ length: bins + 2 }, (_, i) => {
    const at = low + ((high - low) * i) / (bins + 1);
    return mel === 'kaldi' ? at : scale.hz(at);
  });
  const weights = new Float32Array(bins * columns);
  for (let bin = 0; bin < bins; bin++) {
    const [left, middle, right] = edges.subarray(bin, bin + 3) as unknown as [number, number, number];
    const area = filterArea
      ? 2 /
        (scale.hz(low + ((high - low) * (bin + 2)) / (bins + 1)) -
          scale.hz(low + ((high - low) * bin) / (bins + 1)))
      : 1;
    // The bin at the Nyquist frequency has no weight in Kaldi.
    for (let column = 0; column < (mel === 'kaldi' ? columns - 1 : columns); column++) {
      const at = place((column * sampleRateHz) / fourierSize);
      weights[bin * columns + column] =
        area * Math.max(0, Math.min((at - left) / (middle - left), (right - at) / (right - middle)));
    }
  }
  return float32([bins, columns], weights);
}
