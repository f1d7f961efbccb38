/** @file Calibration, by hand calculation. */
import { expect, it } from 'vitest';
import { calibrationOf } from './calibration.js';

const utterance = (predicted: readonly number[], actual: readonly number[]) => ({
  predicted: Float32Array.from(predicted),
  actual: Float32Array.from(actual),
});

it('compares the chance of pairs with how often they are in that order', () => {
  // Differences 1, 3 and 4: chances 0.7311, 0.9526 and 0.9820. The first pair is in the other order.
  const found = calibrationOf([utterance([0, 1, 4], [2, 1, 3])]);
  expect(found?.bins.map(({ from, to, pairs, observed }) => [from, to, pairs, observed])).toEqual([
    [0.7, 0.8, 1, 0],
    [0.9, 1, 2, 1],
  ]);
  expect(found?.bins.map(({ predicted }) => Number(predicted.toFixed(4)))).toEqual([0.7311, 0.9673]);
  expect(found?.error).toBeCloseTo((0.7311 + (1 - 0.9526) + (1 - 0.982)) / 3, 3);
});

it('counts half of the pairs with equal predictions as right, and no pair of equal losses', () => {
  expect(calibrationOf([utterance([1, 1, 1], [1, 2, 2])])).toEqual({
    bins: [{ from: 0.5, to: 0.6, pairs: 2, predicted: 0.5, observed: 0.5 }],
    error: 0,
  });
  expect(calibrationOf([utterance([1, 2], [3, 3])])).toBeUndefined();
});

it('takes pairs within an utterance alone', () => {
  const found = calibrationOf([utterance([0, 1], [0, 1]), utterance([5, 9], [0, 1])]);
  expect(found?.bins.map(({ pairs }) => pairs)).toEqual([1, 1]);
});
