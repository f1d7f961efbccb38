/** @file Whisper's log-mel energies of a window (WhisperFeatureExtractor of transformers) as a traced function. */
import { sampleRateHz } from '../../audio/index.js';
import { float32, type HostTensor } from '../../base/host-tensor.js';
import { tensorOf } from '../../engine/constants.js';
import * as tf from '../../engine/ops.js';
import { conv1d } from '../../nn/conv1d.js';

/** 25 ms and 10 ms at 16 kHz. */
export const transformSize = 400;
export const melHop = 160;
/** Before the logarithm; what is more than eight decades below the loudest is raised to that. */
const powerFloor = 1e-10;
const decades = 8;

/** Slaney's mel scale: linear to 1 kHz, logarithmic above. */
const breakHz = 1000;
const linearStep = 200 / 3;
const logStep = Math.log(6.4) / 27;
const hzOf = (mel: number): number => {
  const breakMel = breakHz / linearStep;
  return mel < breakMel ? mel * linearStep : breakHz * Math.exp(logStep * (mel - breakMel));
};
const melOf = (hz: number): number =>
  hz < breakHz ? hz / linearStep : breakHz / linearStep + Math.log(hz / breakHz) / logStep;

/** Real and imaginary parts of the transform under a periodic Hann window: [2 * 201, 1, 400]. */
function spectrumFilters(): HostTensor {
  const bins = transformSize / 2 + 1;
  const filters = new Float32Array(2 * bins * transformSize);
  for (let row = 0; row < 2 * bins; row++) {
    const wave = row < bins ? Math.cos : Math.sin;
    for (let n = 0; n < transformSize; n++) {
      const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / transformSize);
      filters[row * transformSize + n] = hann * wave((2 * Math.PI * (row % bins) * n) / transformSize);
    }
  }
  return float32([2 * bins, 1, transformSize], filters);
}

/** Triangles, linear in hertz and of equal area (Slaney's norm): [bins, 201]. */
export function slaneyFilters(bins: number): HostTensor {
  const columns = transformSize / 2 + 1;
  const top = melOf(sampleRateHz / 2);
  const edges = Array.from({ length: bins + 2 }, (_, i) => hzOf((i * top) / (bins + 1)));
  const weights = new Float32Array(bins * columns);
  for (let filter = 0; filter < bins; filter++) {
    const [low, centre, high] = edges.slice(filter, filter + 3) as [number, number, number];
    for (let column = 0; column < columns; column++) {
      const hz = (column * sampleRateHz) / transformSize;
      const height = Math.max(0, Math.min((hz - low) / (centre - low), (high - hz) / (high - centre)));
      weights[filter * columns + column] = (height * 2) / (high - low);
    }
  }
  return float32([bins, columns], weights);
}

/**
 * Energies of whole windows, scaled to about -1 to 1.
 * @param waveform [windows, samples], a multiple of 160 samples, more than 200
 * @returns [windows, bins, samples / 160]
 */
export function whisperLogMel(waveform: tf.Tensor, bins: number): tf.Tensor {
  const filters = { 'spectrum.weight': tensorOf(spectrumFilters()) };
  const parts = conv1d(filters, 'spectrum', reflected(waveform).expandDims(1), { stride: melHop });
  const [real, imaginary] = tf.split(parts.square(), 2, 1) as [tf.Tensor, tf.Tensor];
  const power = tf.matMul(tensorOf(slaneyFilters(bins)).expandDims(0), real.add(imaginary)); // (windows, bins, frames)
  const logs = tf.maximum(power, powerFloor).log().mul(Math.LOG10E);
  const floor = logs.max([1, 2], true).sub(decades); // (windows, 1, 1)
  return logs.sub(floor).relu().add(floor).add(4).div(4);
}

/** Half a transform mirrored before the first sample, and behind the last, where one frame fewer is wanted. */
function reflected(x: tf.Tensor): tf.Tensor {
  const [rows, samples] = x.shape as [number, number];
  const half = transformSize / 2;
  const before = x.slice([0, 1], [rows, half]).reverse(1);
  const behind = x.slice([0, samples - 1 - half], [rows, half]).reverse(1);
  return tf.concat([before, x, behind.slice([0, 0], [rows, half - melHop])], 1);
}
