/** @file Seeds as people write them. */
import { expect, it } from 'vitest';
import { seedsOf, seedsOfSuite } from './seeds.js';

it('takes a number up to 100 for how many, a larger one and one with a comma for the seed itself', () => {
  expect(seedsOf(undefined)).toBeUndefined();
  expect(seedsOf('3')).toEqual([1337, 1338, 1339]);
  expect(seedsOf('100')).toHaveLength(100);
  expect(seedsOf('101')).toEqual([101]);
  expect(seedsOf('1338')).toEqual([1338]);
  expect(seedsOf('7,')).toEqual([7]);
  expect(seedsOf('0, 5')).toEqual([0, 5]);
  expect([3, 1338, [7], undefined].map(seedsOfSuite)).toEqual([[1337, 1338, 1339], [1338], [7], [1337]]);
});

it.each([
  ['one', "--seeds 'one': expected a count from 1 to 100, a list such as 1,2,3, or a single seed: 1338"],
  ['1,,2', "--seeds '1,,2': expected a count"],
  ['1,2,1', "--seeds: duplicate value '1'"],
  ['0', '--seeds 0: expected a count'],
  ['-1', "--seeds '-1': expected"],
  [',', "--seeds ',': expected"],
])('refuses %s', (text, message) => {
  expect(() => seedsOf(text)).toThrow(message);
});
