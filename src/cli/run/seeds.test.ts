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
  ['one', "--seeds 'one': 'one' is no seed. Give how many (1 to 100), the seeds themselves (1,2,3)"],
  ['1,,2', "--seeds '1,,2': '' is no seed"],
  ['1,2,1', '--seeds names 1 twice'],
  ['0', '--seeds 0 is no number of seeds'],
  ['-1', "'-1' is no seed"],
  [',', "'' is no seed"],
])('refuses %s', (text, message) => {
  expect(() => seedsOf(text)).toThrow(message);
});
