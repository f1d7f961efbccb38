/** @file Decoded audio in memory: the most recently used of it. */
import { LRUCache } from 'lru-cache';
import type { Threads } from '../base/threads.js';
import type { Utterance } from './manifest.js';

export const defaultCacheBytes = 512 * 2 ** 20;

/** Decoded audio by the utterance's index, the most recently used of it kept; each is decoded by one at a time. */
export function audioCache(
  utterances: readonly Utterance[],
  bytes: number,
  pool: Threads<Utterance, Float32Array>,
): (index: number) => Promise<Float32Array> {
  const cache = new LRUCache<number, Float32Array>({
    maxSize: Math.max(1, bytes),
    sizeCalculation: (samples) => Math.max(1, samples.byteLength),
  });
  const decoding = new Map<number, Promise<Float32Array>>();
  const decode = async (index: number): Promise<Float32Array> => {
    try {
      const samples = await pool.run(utterances[index] as Utterance);
      cache.set(index, samples);
      return samples;
    } finally {
      decoding.delete(index);
    }
  };
  return async (index) => {
    const kept = cache.get(index);
    if (kept !== undefined) return kept;
    const started = decoding.get(index) ?? decode(index);
    decoding.set(index, started);
    return started;
  };
}
