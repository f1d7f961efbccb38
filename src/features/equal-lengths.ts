/** @file Utterances of exactly the same number of samples, gathered so that they share a run of the encoder without any padding. */
import { sampleRateHz } from '../audio/index.js';
import type { Engine } from '../engine/engine.js';

/** How much is run together. */
export interface Sharing {
  readonly mostUtterances: number;
  /** Of a batch. */
  readonly mostSamples: number;
}

/**
 * What pays (`bench:extract --clips`). On two cores the 94 M parameter encoder took 90 ms for a second of audio alone and 68 in
 * batches of eight, with one thread 161 and 123; batches of more than eight seconds win nothing more. A device has room for more.
 */
export function sharingOn({ provider }: Pick<Engine, 'provider'>): Sharing {
  const most = provider === 'cpu' ? 8 : 64;
  return { mostUtterances: most, mostSamples: most * sampleRateHz };
}

/** Samples that wait for others of their length, in batches: more are not held. */
const batchesWaiting = 16;

/** Utterances of a batch: a power of two, since every size is a program of its own. */
export function batchSize(samples: number, { mostUtterances, mostSamples }: Sharing): number {
  return powerOfTwo(Math.max(1, Math.min(mostUtterances, Math.floor(mostSamples / samples))));
}

const powerOfTwo = (count: number): number => 2 ** Math.floor(Math.log2(count));

/**
 * Batches of items of one length each. Few items wait: where too many do, those that have waited longest go first, in batches
 * as large as there are. The same items give the same batches.
 * @param lengthOf samples of an item; undefined where it is a batch of its own
 */
export async function* equalLengths<Item>(
  items: AsyncIterable<Item>,
  sharing: Sharing,
  lengthOf: (item: Item) => number | undefined,
): AsyncGenerator<readonly Item[]> {
  const waiting = new Map<number, Item[]>();
  let samplesWaiting = 0;
  function* released(length: number): Generator<readonly Item[]> {
    const group = waiting.get(length) ?? [];
    waiting.delete(length);
    samplesWaiting -= length * group.length;
    for (let first = 0; first < group.length; ) {
      const size = powerOfTwo(group.length - first);
      yield group.slice(first, first + size);
      first += size;
    }
  }
  for await (const item of items) {
    const length = lengthOf(item);
    const size = length === undefined ? 1 : batchSize(length, sharing);
    if (length === undefined || size === 1) {
      yield [item];
      continue;
    }
    const group = [...(waiting.get(length) ?? []), item];
    waiting.set(length, group);
    samplesWaiting += length;
    if (group.length === size) yield* released(length);
    for (const [oldest] of waiting) {
      if (samplesWaiting <= batchesWaiting * sharing.mostSamples) break;
      yield* released(oldest);
    }
  }
  for (const length of [...waiting.keys()]) yield* released(length);
}
