/** @file Batches of frames: layer by layer, row by row, zeros behind the ends. */
import { expect, test } from 'vitest';
import { float32 } from '../base/host-tensor.js';
import { paddedFrames } from './padded-frames.js';

// Two layers of one dimension: an utterance of two frames, and one of three.
const stored = [
  [1, 2, 10, 20],
  [3, 4, 5, 30, 40, 50],
].map((values) => Float32Array.from(values));
const features = {
  layers: 2,
  dim: 1,
  rows: [2, 3],
  load: async (place: number) => stored[place] as Float32Array,
};

test('hold the utterances in the order asked for, padded to the longest of them', async () => {
  const wanted = [3, 4, 5, 1, 2, 0, 30, 40, 50, 10, 20, 0];
  expect(await paddedFrames(features, [1, 0])).toEqual(float32([2, 2, 3, 1], wanted));
});

test('are padded to as many frames as are asked for', async () => {
  expect(await paddedFrames(features, [0], 4)).toEqual(float32([2, 1, 4, 1], [1, 2, 0, 0, 10, 20, 0, 0]));
});
