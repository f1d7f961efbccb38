/** @file Tests of resampling and of the normalisation of waveforms. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeWaveform } from './normalize.js';
import { resample } from './resample.js';

const tone = (hz: number, rate: number, samples: number): Float32Array =>
  Float32Array.from({ length: samples }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate + 0.3));

/** Mean square over mean square, in decibels, away from the ends where the filter meets silence. */
function decibels(signal: Float32Array, reference: Float32Array): number {
  const power = (x: Float32Array): number =>
    x.slice(500, -500).reduce((sum, value) => sum + value * value, 0);
  return 10 * Math.log10(power(signal) / power(reference));
}

describe('resample', () => {
  it.each([48000, 44100, 32000, 22050, 11025, 8000])('keeps a 1 kHz tone from %i Hz, in phase', (rate) => {
    const expected = tone(1000, 16000, 16000);
    const error = resample(tone(1000, rate, rate), rate, 16000).map(
      (value, i) => value - (expected[i] as number),
    );
    expect(decibels(error, expected)).toBeLessThan(-110);
  });

  it('needs no table of its own for rates that share no divisor, up to the fastest', () => {
    for (const rate of [383_999, 767_999]) {
      const expected = tone(1000, 16000, 1600);
      const error = resample(tone(1000, rate, Math.ceil(rate / 10)), rate, 16000).map(
        (value, i) => value - (expected[i] as number),
      );
      expect(decibels(error.subarray(0, 1600), expected)).toBeLessThan(-110);
    }
  });

  it.each([48000, 44100, 22050])('takes away a 10 kHz tone from %i Hz, which would fold to 6 kHz', (rate) => {
    expect(decibels(resample(tone(10000, rate, rate), rate, 16000), tone(1000, 16000, 16000))).toBeLessThan(
      -110,
    );
  });

  it('keeps speech up to 7 kHz and takes away what lies above 8.2 kHz', () => {
    const reference = tone(1000, 16000, 16000);
    expect(Math.abs(decibels(resample(tone(7000, 48000, 48000), 48000, 16000), reference))).toBeLessThan(
      0.001,
    );
    expect(decibels(resample(tone(8200, 48000, 48000), 48000, 16000), reference)).toBeLessThan(-90);
  });

  it.each([44100, 48000])('from %i Hz: ripple under 0.1 dB to 7 kHz, aliasing under -80 dB', (rate) => {
    const reference = tone(1000, 16000, 8000);
    const gain = (hz: number): number => decibels(resample(tone(hz, rate, rate / 2), rate, 16000), reference);
    const passed = Array.from({ length: 29 }, (_, i) => gain(20 + 250 * i - (i === 28 ? 20 : 0)));
    expect(Math.max(...passed.map(Math.abs))).toBeLessThan(0.1);
    // What folds below 7.8 kHz; steps that are no divisor of the rates.
    const folded = Array.from({ length: 37 }, (_, i) => gain(8211 + 367 * i)).filter(Number.isFinite);
    expect(Math.max(...folded)).toBeLessThan(-80);
  });

  it('gives round(n * to / from) samples, and is linear', () => {
    const rates = fc.constantFrom(8000, 11025, 22050, 24000, 44100, 48000, 96000);
    fc.assert(
      fc.property(
        rates,
        fc.array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 300 }),
        (rate, values) => {
          const samples = Float32Array.from(values, (value) => value / 32768);
          const once = resample(samples, rate, 16000);
          expect(once).toHaveLength(Math.round((values.length * 16000) / rate));
          const twice = resample(
            samples.map((value) => 2 * value),
            rate,
            16000,
          );
          expect([...twice]).toEqual([...once].map((value) => 2 * value));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('leaves 16 kHz alone', () => {
    const samples = tone(440, 16000, 100);
    expect(resample(samples, 16000, 16000)).toBe(samples);
  });
});

describe('normalizeWaveform', () => {
  it('gives what a hand calculation of layer_norm gives', () => {
    // 1, 2, 3, 6: mean 3, biased variance (4 + 1 + 0 + 9) / 4 = 3.5, divisor sqrt(3.5 + 1e-5) = 1.87083136...
    const divisor = Math.sqrt(3.50001);
    const expected = [-2, -1, 0, 3].map((value) => Math.fround(value / divisor));
    expect([...normalizeWaveform(Float32Array.of(1, 2, 3, 6))]).toEqual(expected);
  });

  it('keeps silence silent', () => {
    expect([...normalizeWaveform(new Float32Array(4).fill(0.25))]).toEqual([0, 0, 0, 0]);
  });
});
