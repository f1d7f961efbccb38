/** @file The little signal processing that voices and rooms need: resampling, levels, trimming, filters. */

const zeroCrossings = 7;
const phases = 256;

/**
 * Reads `samples` at every `step`-th place (windowed sinc, low-passed against aliasing). A step above 1
 * shortens and raises pitch and formants; 22050 / 16000 turns 22.05 kHz into 16 kHz.
 */
export function resampled(samples: Float32Array, step: number): Float32Array {
  if (step === 1) return samples;
  const cutoff = Math.min(1, 1 / step);
  const reach = Math.ceil(zeroCrossings / cutoff);
  const taps = 2 * reach;
  const kernel = sincKernel(cutoff, reach);
  // Zeros around the samples spare a check at every tap.
  const input = new Float32Array(samples.length + 2 * taps);
  input.set(samples, taps);
  const output = new Float32Array(Math.floor(samples.length / step));
  for (let n = 0; n < output.length; n++) {
    const place = n * step;
    const whole = Math.floor(place);
    const row = Math.floor((place - whole) * phases) * taps;
    const first = whole - reach + 1 + taps;
    let [even, odd] = [0, 0];
    for (let k = 0; k < taps; k += 2) {
      even += (kernel[row + k] as number) * (input[first + k] as number);
      odd += (kernel[row + k + 1] as number) * (input[first + k + 1] as number);
    }
    output[n] = even + odd;
  }
  return output;
}

/** One row of 2 x reach taps for each phase, Hann-windowed. */
function sincKernel(cutoff: number, reach: number): Float32Array {
  const taps = 2 * reach;
  const kernel = new Float32Array(phases * taps);
  for (let phase = 0; phase < phases; phase++) {
    for (let k = 0; k < taps; k++) {
      const distance = k - reach + 1 - (phase + 0.5) / phases;
      const x = Math.PI * cutoff * distance;
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      const window = Math.abs(distance) >= reach ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * distance) / reach);
      kernel[phase * taps + k] = cutoff * sinc * window;
    }
  }
  return kernel;
}

/** Root mean square; 0 for no samples. */
export function rms(samples: Float32Array): number {
  let sum = 0;
  for (let n = 0; n < samples.length; n++) sum += (samples[n] as number) ** 2;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

export function peak(samples: Float32Array): number {
  let largest = 0;
  for (let n = 0; n < samples.length; n++) largest = Math.max(largest, Math.abs(samples[n] as number));
  return largest;
}

/** Without the silence at both ends: samples under `floor` times the peak. */
export function trimmed(samples: Float32Array, floor = 0.01): Float32Array {
  const threshold = peak(samples) * floor;
  let start = 0;
  let end = samples.length;
  while (start < end && Math.abs(samples[start] as number) <= threshold) start++;
  while (end > start && Math.abs(samples[end - 1] as number) <= threshold) end--;
  return samples.slice(start, end);
}

export function scaleInPlace(samples: Float32Array, gain: number): void {
  for (let n = 0; n < samples.length; n++) samples[n] = gain * (samples[n] as number);
}

export function amplitudeOfDecibels(decibels: number): number {
  return 10 ** (decibels / 20);
}

/** A second-order filter, a0 divided out. */
export interface Biquad {
  readonly b: readonly [number, number, number];
  readonly a: readonly [number, number];
}

export type FilterKind = 'lowpass' | 'highpass' | 'peak' | 'highshelf';

/** Coefficients as in R. Bristow-Johnson's Audio EQ Cookbook; `gainDb` is for peak and highshelf. */
export function biquad(
  kind: FilterKind,
  frequencyHz: number,
  rateHz: number,
  quality: number,
  gainDb = 0,
): Biquad {
  const omega = (2 * Math.PI * frequencyHz) / rateHz;
  const cos = Math.cos(omega);
  const alpha = Math.sin(omega) / (2 * quality);
  const gain = 10 ** (gainDb / 40);
  const root = 2 * Math.sqrt(gain) * alpha;
  const [b0, b1, b2, a0, a1, a2] = {
    lowpass: () => [(1 - cos) / 2, 1 - cos, (1 - cos) / 2, 1 + alpha, -2 * cos, 1 - alpha] as const,
    highpass: () => [(1 + cos) / 2, -(1 + cos), (1 + cos) / 2, 1 + alpha, -2 * cos, 1 - alpha] as const,
    peak: () =>
      [1 + alpha * gain, -2 * cos, 1 - alpha * gain, 1 + alpha / gain, -2 * cos, 1 - alpha / gain] as const,
    highshelf: () =>
      [
        gain * (gain + 1 + (gain - 1) * cos + root),
        -2 * gain * (gain - 1 + (gain + 1) * cos),
        gain * (gain + 1 + (gain - 1) * cos - root),
        gain + 1 - (gain - 1) * cos + root,
        2 * (gain - 1 - (gain + 1) * cos),
        gain + 1 - (gain - 1) * cos - root,
      ] as const,
  }[kind]();
  return { b: [b0 / a0, b1 / a0, b2 / a0], a: [a1 / a0, a2 / a0] };
}

/** Filters in place (direct form II, transposed). */
export function filterInPlace(samples: Float32Array, { b, a }: Biquad): void {
  let state1 = 0;
  let state2 = 0;
  for (let n = 0; n < samples.length; n++) {
    const x = samples[n] as number;
    const y = b[0] * x + state1;
    state1 = b[1] * x - a[0] * y + state2;
    state2 = b[2] * x - a[1] * y;
    samples[n] = y;
  }
}
