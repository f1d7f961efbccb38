/** @file Features as they are stored: what is out of range, and what is no number, is refused by name. */
import { expect, it } from 'vitest';
import { asStored, type StoredType, storedData } from './shards.js';

const layers = (...values: number[]) => [Float32Array.of(0, 1.0001), Float32Array.from(values)];

it('layers lie one after the other, and are read as they went', () => {
  expect(new Float32Array(storedData('a', layers(2, 3), 'float32').buffer)).toEqual(
    Float32Array.of(0, 1.0001, 2, 3),
  );
  expect(asStored('a', layers(2, 1e5), 'float32')).toEqual(Float32Array.of(0, 1.0001, 2, 1e5));
  expect(asStored('a', layers(-65504, 3), 'float16')).toEqual(Float32Array.of(0, 1, -65504, 3));
});

it.each<[StoredType, number, RegExp]>([
  [
    'float16',
    65505,
    /^the features of 'u7' reach 65505, which is beyond .* Set the task's setting frameType to float32$/,
  ],
  ['float16', -1e6, /^the features of 'u7' reach 1000000, /],
  ['float16', Number.NaN, /^the features of 'u7' contain NaN or infinity/],
  ['float16', Number.NEGATIVE_INFINITY, /^the features of 'u7' contain NaN or infinity/],
  ['float32', Number.NaN, /^the features of 'u7' contain NaN or infinity/],
])('stored as %s, %d is refused', (type, value, message) => {
  expect(() => storedData('u7', layers(3, value), type)).toThrow(message);
  expect(() => asStored('u7', layers(3, value), type)).toThrow(message);
});
