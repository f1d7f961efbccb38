/** @file Permutations beside torch's own (test/fixtures/torch/permutations.py). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { torchPermutation } from './torch-permutation.js';

interface Case {
  readonly seed: number;
  readonly count: number;
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly sha256: string;
}
const file = new URL('../../test/fixtures/torch/permutations.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly Case[] };

test.each(cases)('equals torch.randperm($count) of seed $seed', ({ seed, count, first, last, sha256 }) => {
  const order = torchPermutation(count, seed);
  expect(order.slice(0, 10)).toEqual(first);
  expect(order.slice(-10)).toEqual(last);
  expect(createHash('sha256').update(order.join(' ')).digest('hex')).toBe(sha256);
});

test('holds every index once', () => {
  expect(torchPermutation(1000, 5).sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
});
