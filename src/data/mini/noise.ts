/** @file Coloured background noise, seeded. */
import { hashKey, mix32, type RandomKey } from '../../base/random.js';
import { biquad, filterInPlace, rms, scaleInPlace } from './signal.js';

export const noiseColours = ['white', 'pink', 'brown', 'speech', 'babble', 'hum', 'hiss'] as const;
export type NoiseColour = (typeof noiseColours)[number];

/** Noise of unit root mean square; the key names it. */
export function noise(colour: NoiseColour, length: number, rateHz: number, key: RandomKey): Float32Array {
  const samples = shapes[colour](length, rateHz, hashKey(key));
  const level = rms(samples);
  if (level > 0) scaleInPlace(samples, 1 / level);
  return samples;
}

const shapes: Record<NoiseColour, (length: number, rateHz: number, seed: number) => Float32Array> = {
  white: (length, _rateHz, seed) => white(length, seed),
  pink: (length, _rateHz, seed) => pink(white(length, seed)),
  brown: (length, rateHz, seed) => filtered(leaky(white(length, seed), 0.995), 'highpass', 40, rateHz),
  /** The long-term slope of speech. */
  speech: (length, rateHz, seed) => speechShaped(length, rateHz, seed),
  /** Speech-shaped, rising and falling at the pace of syllables, as many talkers do. */
  babble: (length, rateHz, seed) => {
    const samples = speechShaped(length, rateHz, seed);
    const pace = leaky(white(length, mix32(seed + 1)), Math.exp((-2 * Math.PI * 4) / rateHz));
    const level = rms(pace) || 1;
    return samples.map((value, n) => value * Math.exp((0.7 * (pace[n] as number)) / level));
  },
  /** A mains hum with its harmonics over a faint pink floor. */
  hum: (length, rateHz, seed) => {
    const floor = pink(white(length, seed));
    const level = rms(floor) || 1;
    const mainsHz = (seed & 1) === 0 ? 50 : 60;
    const phase = (seed >>> 1) / 2 ** 31;
    return floor.map((value, n) => {
      let sum = 0;
      for (let harmonic = 1; harmonic <= 7; harmonic += 2) {
        sum += Math.sin(2 * Math.PI * harmonic * ((mainsHz * n) / rateHz + phase)) / harmonic;
      }
      return sum + (0.35 * value) / level;
    });
  },
  /** Only high frequencies, as of a fan or a tape. */
  hiss: (length, rateHz, seed) => filtered(white(length, seed), 'highpass', 2500, rateHz),
};

function speechShaped(length: number, rateHz: number, seed: number): Float32Array {
  const lowPassed = filtered(white(length, seed), 'lowpass', 700, rateHz);
  return filtered(lowPassed, 'highpass', 120, rateHz);
}

/** Uniform in [-1, 1]: xorshift32 from the seed. */
export function white(length: number, seed: number): Float32Array {
  const samples = new Float32Array(length);
  let state = seed | 0 || 1;
  for (let n = 0; n < length; n++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    samples[n] = state / 2 ** 31;
  }
  return samples;
}

/** White to pink, in place, by P. Kellet's economy filter (within 0.5 dB of 1/f). */
function pink(samples: Float32Array): Float32Array {
  let [low, middle, high] = [0, 0, 0];
  for (let n = 0; n < samples.length; n++) {
    const value = samples[n] as number;
    low = 0.99765 * low + 0.099046 * value;
    middle = 0.963 * middle + 0.2965164 * value;
    high = 0.57 * high + 1.0526913 * value;
    samples[n] = low + middle + high + 0.1848 * value;
  }
  return samples;
}

/** A leaky sum, in place. */
function leaky(samples: Float32Array, memory: number): Float32Array {
  let sum = 0;
  for (let n = 0; n < samples.length; n++) {
    sum = memory * sum + (samples[n] as number);
    samples[n] = sum;
  }
  return samples;
}

function filtered(
  samples: Float32Array,
  kind: 'lowpass' | 'highpass',
  frequencyHz: number,
  rateHz: number,
): Float32Array {
  filterInPlace(samples, biquad(kind, frequencyHz, rateHz, Math.SQRT1_2));
  return samples;
}
