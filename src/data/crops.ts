/** @file Crops for pre-training: a stream of batches, each a function of the seed and its step alone. */
import { LRUCache } from 'lru-cache';
import { normalizeWaveform } from '../audio/index.js';
import { randomStream } from '../base/random.js';
import { audioCache, defaultCacheBytes } from './audio-cache.js';
import { decodePool } from './decoding.js';
import type { Utterance } from './manifest.js';

export interface CropOptions {
  readonly seed: number;
  /** Length of the crops of a step, in samples. */
  cropSamples(step: number): number;
  readonly batchSize: number;
  /** The step of the first batch: 0, or where a run resumes. */
  readonly firstStep: number;
  /** Decoded audio kept in memory at most, in bytes (default: 512 MB). */
  readonly cacheBytes?: number;
  /** Threads that decode (default: 2). */
  readonly threads?: number;
}

export interface CropBatch {
  readonly step: number;
  /** [batchSize, cropSamples(step)], each row brought to zero mean and unit variance. */
  readonly samples: Float32Array;
}

/** Batches that are made before they are asked for. */
const batchesAhead = 3;
const defaultThreads = 2;

/**
 * Batches of random crops, without end; the next ones are decoded on threads while the last one is used. Memory holds
 * those batches, the utterances they are cut from and the cache, however long the manifest is.
 *
 * Row `r = step * batchSize + i` starts in the utterance at place r of an endless list: one seeded permutation of the
 * utterances after the other, an epoch each. A crop starts at a random place of its utterance; one that is longer than
 * the utterance goes on with the next ones of the list, so nothing is padded and no clip is too short. Hence a run that
 * resumes at a step gets the batches that it would have got.
 * @throws UserError that names the manifest's line and the file of audio that cannot be read or holds no samples
 */
export async function* cropStream(
  utterances: readonly Utterance[],
  options: CropOptions,
): AsyncGenerator<CropBatch, never> {
  if (utterances.length === 0) throw new Error('no utterances to crop');
  const place = endlessList(utterances.length, options.seed);
  const pool = decodePool(options.threads ?? defaultThreads);
  try {
    const cache = audioCache(utterances, options.cacheBytes ?? defaultCacheBytes, pool);
    const begin = (step: number): Promise<Float32Array> => {
      const batch = cropBatch(step, options, (position) => cache(place(position)));
      // Whoever awaits it gets the error; one that nobody awaits any more must not end the process.
      batch.catch(() => undefined);
      return batch;
    };
    const ahead = Array.from({ length: batchesAhead }, (_, i) => begin(options.firstStep + i));
    for (let step = options.firstStep; ; step++) {
      const samples = (await ahead.shift()) as Float32Array;
      ahead.push(begin(step + batchesAhead));
      yield { step, samples };
    }
  } finally {
    await pool.close();
  }
}

/** The rows are made side by side; the first of them that fails is the one that is thrown. */
async function cropBatch(
  step: number,
  options: CropOptions,
  audioAt: (position: number) => Promise<Float32Array>,
): Promise<Float32Array> {
  const { seed, batchSize } = options;
  const length = options.cropSamples(step);
  if (!(Number.isInteger(length) && length > 0)) throw new Error(`a crop of ${length} samples`);
  const batch = new Float32Array(batchSize * length);
  const rows = Array.from({ length: batchSize }, async (_, row) => {
    const position = step * batchSize + row;
    const parts = [await audioAt(position)];
    let total = parts[0]?.length ?? 0;
    const headLength = total;
    while (total < length) {
      const part = await audioAt(position + parts.length);
      parts.push(part);
      total += part.length;
    }
    // Every start that leaves a whole crop, and that lies in the row's own utterance.
    const starts = Math.min(total - length + 1, headLength);
    const start = randomStream(seed, 'crop start', step, row).integer(starts);
    batch.set(normalizeWaveform(cut(parts, start, length)), row * length);
  });
  for (const end of await Promise.allSettled(rows)) if (end.status === 'rejected') throw end.reason;
  return batch;
}

/** The samples [start, start + length) of the parts, one after the other. */
function cut(parts: readonly Float32Array[], start: number, length: number): Float32Array {
  const result = new Float32Array(length);
  let offset = -start;
  for (const part of parts) {
    const from = Math.max(0, -offset);
    const to = Math.min(part.length, length - offset);
    if (from < to) result.set(part.subarray(from, to), offset + from);
    offset += part.length;
  }
  return result;
}

/** Position of the endless list to the index of an utterance; the two latest permutations are kept. */
function endlessList(count: number, seed: number): (position: number) => number {
  const permutations = new LRUCache<number, Uint32Array>({ max: 2 });
  return (position) => {
    const epoch = Math.floor(position / count);
    let permutation = permutations.get(epoch);
    if (permutation === undefined) {
      const indices = Array.from({ length: count }, (_, index) => index);
      permutation = Uint32Array.from(randomStream(seed, 'crop order', epoch).shuffle(indices));
      permutations.set(epoch, permutation);
    }
    return permutation[position % count] as number;
  };
}
