/** @file The running mean of weights over looks at dev. */
import { expect, test } from 'vitest';
import { float32 } from '../../base/host-tensor.js';
import { type Average, averaged } from './average.js';

test('is the mean of all looks at first, then older ones fade', () => {
  let average: Average | undefined;
  const means: number[][] = [];
  for (const value of [1, 2, 3, 7]) {
    average = averaged(average, { weight: float32([2], Float32Array.of(value, -value)) }, 3);
    means.push(Array.from(average.parameters.weight?.data ?? []));
  }
  // The fourth: 2 and a third of what 7 is above it.
  const [first, second, third] = [1, 1.5, 2];
  expect(means.slice(0, 3)).toEqual([first, second, third].map((mean) => [mean, -mean]));
  expect(means[3]?.[0]).toBeCloseTo(2 + 5 / 3, 6);
  expect(average?.looks).toBe(3);
});

test('a run whose weights are no numbers leaves the others as they are', () => {
  const before = averaged(undefined, { weight: float32([2, 1], Float32Array.of(1, 1)) }, 4);
  const { parameters } = averaged(before, { weight: float32([2, 1], Float32Array.of(Number.NaN, 3)) }, 4);
  expect(Array.from(parameters.weight?.data ?? [])).toEqual([Number.NaN, 2]);
});
