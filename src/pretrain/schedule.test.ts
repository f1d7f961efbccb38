/** @file The teacher's decay, by hand calculation. */
import { expect, it } from 'vitest';
import { teacherDecayAt } from './schedule.js';

it("the teacher's decay rises linearly over the annealing steps and then stays", () => {
  const teacher = { decay: 0.999, endDecay: 0.99999, annealSteps: 75_000, topBlocks: 8 };
  expect(teacherDecayAt(teacher, 0)).toBeCloseTo(0.999, 12);
  expect(teacherDecayAt(teacher, 37_500)).toBeCloseTo((0.999 + 0.99999) / 2, 12);
  expect(teacherDecayAt(teacher, 75_000)).toBe(0.99999);
  expect(teacherDecayAt(teacher, 400_000)).toBe(0.99999);
});
