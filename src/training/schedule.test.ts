/** @file Learning rates, by hand calculation. */
import { describe, expect, it } from 'vitest';
import { constantRate, linearDecay, triStage, warmUpCosine } from './schedule.js';

it('a constant rate is the peak from first to last', () => {
  expect([0, 7, 1e6].map((update) => constantRate(0.3, update))).toEqual([0.3, 0.3, 0.3]);
});

it('linear decay starts at the peak and would be zero after the last update', () => {
  const rate = linearDecay(4);
  expect([0, 1, 2, 3, 4].map((update) => rate(2, update))).toEqual([2, 1.5, 1, 0.5, 0]);
});

describe('warm-up with cosine', () => {
  const rate = warmUpCosine({ warmUpUpdates: 4, updates: 12 });

  it('rises in equal steps to its peak, then falls as half a cosine to almost nothing', () => {
    const rates = Array.from({ length: 13 }, (_, update) => rate(0.8, update));
    for (const [update, expected] of [0.2, 0.4, 0.6, 0.8].entries())
      expect(rates[update]).toBeCloseTo(expected, 12);
    // Half way down the cosine: update 4 + 8 / 2.
    expect(rates[4]).toBeCloseTo(0.8, 12);
    expect(rates[8]).toBeCloseTo(0.4, 12);
    expect(rates[6]).toBeCloseTo(0.4 * (1 + Math.SQRT1_2), 12);
    expect(rates[12]).toBeCloseTo(0, 12);
  });

  it('stays at nothing behind the last update, and may start without a warm-up', () => {
    expect(rate(0.8, 30)).toBeCloseTo(0, 12);
    expect(warmUpCosine({ warmUpUpdates: 0, updates: 12 })(0.8, 0)).toBe(0.8);
    expect(Number.isFinite(warmUpCosine({ warmUpUpdates: 12, updates: 12 })(0.8, 12))).toBe(true);
  });
});

describe("fairseq's tri_stage", () => {
  // base_100h at a hundredth: 800 updates, 80 of warm-up, 320 held, 400 of decay.
  const rate = triStage({ updates: 800, phases: [0.1, 0.4, 0.5], startScale: 0.01, endScale: 0.05 });
  const peak = 3e-5;

  it('warms up from a hundredth of the peak in equal steps', () => {
    expect(rate(peak, 0)).toBeCloseTo(3e-7, 15);
    // 0.01 + 0.99 * 40 / 80 = 0.505 of the peak.
    expect(rate(peak, 40)).toBeCloseTo(0.505 * peak, 15);
    expect(rate(peak, 79)).toBeCloseTo((0.01 + (0.99 * 79) / 80) * peak, 15);
  });

  it('holds the peak', () => {
    for (const update of [80, 81, 399, 400]) expect(rate(peak, update)).toBe(peak);
  });

  it('decays by the same factor an update to a twentieth, and stays there', () => {
    // A quarter, half and all of the way: 0.05^(1/4), 0.05^(1/2), 0.05.
    expect(rate(peak, 500)).toBeCloseTo(peak * 0.4728708, 11);
    expect(rate(peak, 600)).toBeCloseTo(peak * 0.2236068, 11);
    expect(rate(peak, 800)).toBeCloseTo(peak * 0.05, 15);
    expect(rate(peak, 801)).toBeCloseTo(1.5e-6, 15);
    expect(rate(peak, 501) / rate(peak, 500)).toBeCloseTo(rate(peak, 701) / rate(peak, 700), 12);
  });

  it('cuts shares of updates to whole ones, and may do without a warm-up', () => {
    // 13 updates: 1 of warm-up, 5 held, 6 of decay.
    const short = triStage({ updates: 13, phases: [0.1, 0.4, 0.5], startScale: 0.01, endScale: 0.05 });
    expect(short(1, 0)).toBeCloseTo(0.01, 12);
    expect([1, 5, 6].map((update) => short(1, update))).toEqual([1, 1, 1]);
    expect(short(1, 9)).toBeCloseTo(0.2236068, 7);
    expect(triStage({ updates: 10, phases: [0, 0.5, 0.5], startScale: 0.01, endScale: 0.05 })(1, 0)).toBe(1);
  });
});
