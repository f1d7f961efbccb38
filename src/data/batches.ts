/** @file Batches of utterances of similar length, so that little of a batch is padding. */
import { type RandomKey, randomStream } from '../base/random.js';

/** How far a length may stray, either way, before sorting: neighbours change from epoch to epoch. */
const jitter = 0.05;

/**
 * Groups the indices of `lengths` into batches of similar length, the batches in random order; every index is in one
 * batch, and only one batch may be smaller than `batchSize`. The same key gives the same batches.
 */
export function lengthBatches(lengths: readonly number[], batchSize: number, key: RandomKey): number[][] {
  if (!(Number.isInteger(batchSize) && batchSize > 0)) throw new Error(`a batch size of ${batchSize}`);
  const random = randomStream(...key);
  const keys = lengths.map((length) => length * (1 + jitter * (2 * random.uniform() - 1)));
  const order = random.shuffle(keys.map((_, index) => index)).sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0));
  const batches: number[][] = [];
  for (let i = 0; i < order.length; i += batchSize) batches.push(order.slice(i, i + batchSize));
  return random.shuffle(batches);
}

/** The next multiple of `step`: padding to it keeps the number of different shapes, and of programs, small. */
export function bucketLength(length: number, step: number): number {
  return Math.ceil(length / step) * step;
}
