/** @file Learning rate and teacher decay, by hand calculation. */
import { describe, expect, it } from 'vitest';
import { pretrainPreset } from './config.js';
import { learningRateAt, teacherDecayAt } from './schedule.js';

describe('the learning rate', () => {
  const optimizer = { ...pretrainPreset('base').optimizer, learningRate: 0.8, warmupSteps: 4, steps: 12 };

  it('rises in equal steps to its peak, then falls as half a cosine to almost nothing', () => {
    const rates = Array.from({ length: 13 }, (_, step) => learningRateAt(optimizer, step));
    for (const [step, expected] of [0.2, 0.4, 0.6, 0.8].entries())
      expect(rates[step]).toBeCloseTo(expected, 12);
    // Half way down the cosine: step 4 + 8 / 2.
    expect(rates[4]).toBeCloseTo(0.8, 12);
    expect(rates[8]).toBeCloseTo(0.4, 12);
    expect(rates[6]).toBeCloseTo(0.4 * (1 + Math.SQRT1_2), 12);
    expect(rates[12]).toBeCloseTo(0, 12);
  });

  it('stays at nothing behind the last step, and may start without a warm-up', () => {
    expect(learningRateAt(optimizer, 30)).toBeCloseTo(0, 12);
    expect(learningRateAt({ ...optimizer, warmupSteps: 0 }, 0)).toBe(0.8);
    expect(Number.isFinite(learningRateAt({ ...optimizer, warmupSteps: 12 }, 12))).toBe(true);
  });
});

it("the teacher's decay rises linearly over the annealing steps and then stays", () => {
  const teacher = { decay: 0.999, endDecay: 0.99999, annealSteps: 75_000, topBlocks: 8 };
  expect(teacherDecayAt(teacher, 0)).toBeCloseTo(0.999, 12);
  expect(teacherDecayAt(teacher, 37_500)).toBeCloseTo((0.999 + 0.99999) / 2, 12);
  expect(teacherDecayAt(teacher, 75_000)).toBe(0.99999);
  expect(teacherDecayAt(teacher, 400_000)).toBe(0.99999);
});
