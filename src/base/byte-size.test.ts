import { expect, test } from 'vitest';
import { byteText, parseByteSize } from './byte-size.js';

test('sizes are read as people write them', () => {
  const sizes = ['200GB', '1.5 TB', '512MiB', '7', '0', '2g'].map((text) => parseByteSize(text, '--x'));
  expect(sizes).toEqual([200e9, 1.5e12, 512 * 2 ** 20, 7, 0, 2e9]);
  for (const text of ['', 'much', '-1GB', '5XB', 'GB'])
    expect(() => parseByteSize(text, '--x')).toThrow("--x '");
});

test('sizes are written in the largest unit that they fill', () => {
  expect([0, 999, 1000, 12_345_678, 200e9].map(byteText)).toEqual([
    '0 bytes',
    '999 bytes',
    '1.0 kB',
    '12.3 MB',
    '200.0 GB',
  ]);
});
