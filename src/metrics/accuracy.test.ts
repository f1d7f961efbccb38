/** @file Accuracy over labels and over slots. */
import { describe, expect, it } from 'vitest';
import { accuracy } from './accuracy.js';

describe('accuracy', () => {
  it('is the share of right labels', () => {
    expect(accuracy(['a', 'b', 'c', 'd'], ['a', 'b', 'c', 'x']).rate).toBe(0.75);
  });

  it('takes an utterance with several slots as right only if all are', () => {
    const { rate, shares } = accuracy(
      [
        ['on', 'lamp'],
        ['on', 'fan'],
      ],
      [
        ['on', 'lamp'],
        ['off', 'fan'],
      ],
    );
    expect(rate).toBe(0.5);
    expect(shares.map((share) => share.numerator)).toEqual([1, 0]);
  });

  it('refuses an empty test set', () => {
    expect(() => accuracy([], [])).toThrow(/the metric is undefined/);
  });
});
