/** @file Units change, digits stay. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inPercent, movePoint, ofPercent } from './decimal.js';

it('writes published numbers in another unit with the digits they have', () => {
  expect(0.0736 * 100).toBe(7.359999999999999);
  expect(inPercent(0.0736)).toBe(7.36);
  expect(ofPercent(41.3826674)).toBe(0.413826674);
  expect(inPercent(8.5e-6)).toBe(0.00085);
  expect(inPercent(0)).toBe(0);
});

it('leaves what is no number, and goes back and forth', () => {
  expect(inPercent(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  expect(inPercent(Number.NaN)).toBeNaN();
  // As others publish: fifteen digits at most.
  const decimals = fc.integer({ min: -1e12, max: 1e12 }).map((digits) => Number(`${digits}e-7`));
  fc.assert(
    fc.property(decimals, (value) => {
      expect(movePoint(movePoint(value, 2), -2)).toBe(value);
    }),
  );
});
