/** @file Tests that arrays are written as NumPy writes them. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { float32 } from '../base/host-tensor.js';
import { encodeNpy } from './npy.js';

// By numpy.save 2.4.6: test/fixtures/scripts/toolkits.py.
it.each([
  ['matrix', float32([3, 2], [0, 0.25, 0.5, 0.75, 1, 1.25])],
  ['vector', float32([3], [0, 1, 2])],
])('a %s has the bytes of numpy.save', async (name, tensor) => {
  const expected = await readFile(`test/fixtures/toolkits/npy/${name}.npy`);
  expect(Buffer.concat(encodeNpy(tensor))).toEqual(expected);
});
