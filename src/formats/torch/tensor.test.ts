/** @file Views of storages: what they may claim. */
import { expect, it } from 'vitest';
import { areModest, torchTensor } from './tensor.js';

const storage = { key: '0', type: 'FloatStorage', length: 100 } as const;

it('tensors may share a storage and repeat its values, but not fill the memory from a small file', () => {
  const whole = torchTensor(storage, 0, [100], [1]);
  const repeated = torchTensor(storage, 0, [1000, 100], [0, 1]);
  expect(areModest([whole, whole, repeated])).toBe(true);
  expect(areModest(Array(11).fill(repeated))).toBe(false);
  expect(areModest([torchTensor(storage, 0, [2 ** 14, 2 ** 13], [0, 0])])).toBe(false);
});

it('a tensor that leaves its storage, or has sizes that are none, is refused', () => {
  expect(() => torchTensor(storage, 1, [100], [1])).toThrow(/in a storage of 100 values/);
  expect(() => torchTensor(storage, 0, [2 ** 40], [0])).toThrow(/in a storage of 100 values/);
  expect(() => torchTensor(storage, -1, [1], [1])).toThrow();
  expect(() => torchTensor(storage, 0, [1.5], [1])).toThrow();
});
