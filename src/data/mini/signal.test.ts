import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../base/random.js';
import { noise, noiseColours } from './noise.js';
import { impulseResponse, inRoom } from './room.js';
import { biquad, filterInPlace, peak, resampled, rms, trimmed } from './signal.js';

const rateHz = 16000;
const sine = (hertz: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, n) => Math.sin((2 * Math.PI * hertz * n) / rateHz));
/** Amplitude of one frequency, by correlation with it. */
const amplitudeAt = (samples: Float32Array, hertz: number): number => {
  let [re, im] = [0, 0];
  for (const [n, value] of samples.entries()) {
    re += value * Math.cos((2 * Math.PI * hertz * n) / rateHz);
    im += value * Math.sin((2 * Math.PI * hertz * n) / rateHz);
  }
  return (2 * Math.hypot(re, im)) / samples.length;
};

describe('resampled', () => {
  it('raises a tone by the step and shortens it', () => {
    const output = resampled(sine(400, 16000), 1.25);
    expect(output).toHaveLength(12800);
    expect(amplitudeAt(output, 500)).toBeCloseTo(1, 1);
    expect(amplitudeAt(output, 400)).toBeLessThan(0.01);
  });

  it('removes what would alias', () => {
    expect(rms(resampled(sine(7000, 16000), 1.5).slice(100, -100))).toBeLessThan(0.02);
  });
});

describe('biquad', () => {
  it('has the gains that its names say', () => {
    const gainAt = (hertz: number, filter: ReturnType<typeof biquad>): number => {
      const samples = sine(hertz, 16000);
      filterInPlace(samples, filter);
      return amplitudeAt(samples.slice(8000), hertz);
    };
    expect(gainAt(1000, biquad('lowpass', 1000, rateHz, Math.SQRT1_2))).toBeCloseTo(Math.SQRT1_2, 2);
    expect(gainAt(1000, biquad('highpass', 1000, rateHz, Math.SQRT1_2))).toBeCloseTo(Math.SQRT1_2, 2);
    expect(gainAt(1000, biquad('peak', 1000, rateHz, 1, 6))).toBeCloseTo(10 ** (6 / 20), 2);
    expect(gainAt(7000, biquad('highshelf', 1000, rateHz, Math.SQRT1_2, -6))).toBeCloseTo(10 ** (-6 / 20), 2);
  });
});

describe('trimmed', () => {
  it('takes the silence off both ends alone', () => {
    expect([...trimmed(Float32Array.of(0, 0.001, 0.5, 0, 1, 0.002, 0))]).toEqual([0.5, 0, 1]);
  });
});

describe('inRoom', () => {
  it('is the convolution with the impulse response', () => {
    const length = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(length, fc.integer(), (samples, seed) => {
        const random = randomStream(seed, 'room test');
        const input = Float32Array.from({ length: samples }, () => random.normal());
        const delays = Int32Array.of(0, 3, 3, 17);
        const gains = Float32Array.of(1, -0.5, 0.25, 0.125);
        const expected = Array.from(input, (_, n) =>
          Array.from(delays, (delay, tap) => (gains[tap] ?? 0) * (input[n - delay] ?? 0)).reduce(
            (a, b) => a + b,
          ),
        );
        for (const [n, value] of inRoom(input, { delays, gains }).entries()) {
          expect(value).toBeCloseTo(expected[n] ?? Number.NaN, 5);
        }
      }),
    );
  });

  it('has the asked energy of direct sound over reverberation, which dies away', () => {
    const room = { decaySeconds: 0.4, directToReverbDb: 6 };
    const { delays, gains } = impulseResponse(room, rateHz, randomStream(1, 'room test'));
    const reverb = gains.slice(1);
    const energy = reverb.reduce((sum, gain) => sum + gain * gain, 0);
    expect(10 * Math.log10(1 / energy)).toBeCloseTo(6, 3);
    expect(Math.abs(reverb.at(-1) ?? 1)).toBeLessThan(0.05 * peak(reverb));
    expect(delays.at(-1)).toBeLessThan(0.25 * rateHz);
  });
});

describe('noise', () => {
  it('has unit level in every colour, is the same for a key and another for another', () => {
    for (const colour of noiseColours) {
      const samples = noise(colour, 1000, rateHz, [1, 'noise test', 1]);
      expect(rms(samples)).toBeCloseTo(1, 4);
      expect(noise(colour, 1000, rateHz, [1, 'noise test', 1])).toEqual(samples);
      expect(noise(colour, 1000, rateHz, [1, 'noise test', 2])).not.toEqual(samples);
    }
  });

  it('falls by 3 dB an octave when pink', () => {
    const samples = noise('pink', 1 << 15, rateHz, [1, 'noise test', 1]);
    const powerAbout = (hertz: number): number => {
      const powers = Array.from(
        { length: 40 },
        (_, i) => amplitudeAt(samples, hertz * (0.95 + i / 400)) ** 2,
      );
      return powers.reduce((sum, power) => sum + power);
    };
    // Three octaves: a factor of 8; the mean of 40 draws from an exponential law is within a third or so.
    const ratio = powerAbout(400) / powerAbout(3200);
    expect(ratio).toBeGreaterThan(5);
    expect(ratio).toBeLessThan(13);
  });
});
