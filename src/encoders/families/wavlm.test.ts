/** @file WavLM's buckets of distances against transformers'. */
import { expect, it } from 'vitest';
import { readSafetensors } from '../../formats/safetensors.js';
import { distanceBucket } from './wavlm.js';

it('every distance from -1000 to 1000 has the bucket that transformers gives it', async () => {
  const { tensors } = await readSafetensors('test/fixtures/huggingface/relative_buckets.safetensors');
  const expected = Array.from(tensors.buckets?.data ?? []);
  expect(expected.length).toBe(2001);
  expect(expected.map((_, i) => distanceBucket(i - 1000, 320, 800))).toEqual(expected);
});
