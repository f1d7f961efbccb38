/** @file The teacher's decay and the learning rate, by hand calculation. */
import { describe, expect, it } from 'vitest';
import { pretrainPreset } from './config.js';
import { learningRateOf, teacherDecayAt } from './schedule.js';

const { optimizer, teacher } = pretrainPreset('base');

describe("the teacher's decay", () => {
  it('rises linearly over the annealing steps and then stays', () => {
    const config = {
      optimizer,
      teacher: { ...teacher, decay: 0.999, endDecay: 0.99999, annealSteps: 75_000 },
    };
    expect(teacherDecayAt(config, 0)).toBeCloseTo(0.999, 12);
    expect(teacherDecayAt(config, 37_500)).toBeCloseTo((0.999 + 0.99999) / 2, 12);
    expect(teacherDecayAt(config, 75_000)).toBe(0.99999);
    expect(teacherDecayAt(config, 400_000)).toBe(0.99999);
  });

  const withMemory = (steps: number) => ({
    optimizer: { ...optimizer, steps },
    teacher: { ...teacher, memory: { start: 0.01, end: 0.04, until: 0.5 } },
  });
  /** Updates after which 1/e of an update is left. */
  const lookingBack = (steps: number, step: number): number =>
    -1 / Math.log(teacherDecayAt(withMemory(steps), step));

  it('with a memory looks back over shares of the run', () => {
    expect(lookingBack(1000, 0)).toBeCloseTo(10, 6);
    // Half way to its end, the geometric mean of 0.01 and 0.04.
    expect(lookingBack(1000, 250)).toBeCloseTo(20, 6);
    expect(lookingBack(1000, 500)).toBeCloseTo(40, 6);
    expect(lookingBack(1000, 999)).toBeCloseTo(40, 6);
  });

  it('leaves as much of the start in a run of any length', () => {
    const left = (steps: number): number =>
      Math.exp(
        Array.from({ length: steps }, (_, step) => Math.log(teacherDecayAt(withMemory(steps), step))).reduce(
          (sum, x) => sum + x,
        ),
      );
    // The integral of 1 / memory: 0.5 (1/0.01 - 1/0.04) / ln 4 + 0.5 / 0.04 = 39.55.
    expect(Math.log(left(10_000))).toBeCloseTo(-39.55, 1);
    expect(Math.log(left(600))).toBeCloseTo(-39.55, 0);
  });
});

describe('the learning rate', () => {
  const rate = (change: Partial<typeof optimizer>) =>
    learningRateOf({ optimizer: { ...optimizer, steps: 12, warmupSteps: 4, ...change } });

  it('is half a cosine down to zero, or to a share of its peak', () => {
    expect(rate({})(0.8, 3)).toBeCloseTo(0.8, 12);
    expect(rate({})(0.8, 8)).toBeCloseTo(0.4, 12);
    expect(rate({})(0.8, 12)).toBeCloseTo(0, 12);
    expect(rate({ endShare: 0.25 })(0.8, 8)).toBeCloseTo(0.5, 12);
    expect(rate({ endShare: 0.25 })(0.8, 12)).toBeCloseTo(0.2, 12);
  });

  it('stays at its peak after the warm-up where it is constant', () => {
    expect([0, 1, 4, 11].map((step) => rate({ schedule: 'constant' })(0.8, step))).toEqual([
      0.2, 0.4, 0.8, 0.8,
    ]);
  });
});
