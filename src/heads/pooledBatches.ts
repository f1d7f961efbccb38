/** @file Batches of per-layer means: an endless seeded stream of epochs, held in memory where they fit. */
import type { Split } from '../../tasks/task.js';
import { float32, type HostTensor, int32 } from '../engine/tree.js';
import type { Features } from '../features/store.js';
import { randomStream } from '../random.js';
import type { HeadWork } from './head.js';
import type { Slots } from './pooled.js';

/** Gives the means of an utterance: [layers, dim], flat. */
export type MeansReader = (place: number) => Float32Array;

/** Means of a corpus up to this size are read once. */
const memoryBudgetBytes = 512 * 2 ** 20;

export function meansReader(features: Features): MeansReader {
  const bytes = features.rows.length * features.layers * features.dim * 4;
  if (bytes > memoryBudgetBytes) return (place) => features.read(place);
  const held = new Map<number, Float32Array>();
  return (place) => {
    const means = held.get(place) ?? features.read(place);
    held.set(place, means);
    return means;
  };
}

/** Writes utterances' means as [layers, rows, dim]. */
export function fillMeans(
  readMeans: MeansReader,
  [layers, dim]: readonly [layers: number, dim: number],
  places: readonly number[],
  into: Float32Array,
  rows: number,
): void {
  for (const [row, place] of places.entries()) {
    const means = readMeans(place);
    for (let layer = 0; layer < layers; layer++) {
      into.set(means.subarray(layer * dim, (layer + 1) * dim), (layer * rows + row) * dim);
    }
  }
}

/** Means [updates, layers, batch, dim] and targets [updates, batch, slots]. A type, so that it is a tree. */
export type PooledBatches = { readonly means: HostTensor; readonly targets: HostTensor };

/** Batches `first`, `first + 1`, ... of an endless stream of epochs, each a permutation of the train split. */
export function trainingBatches(
  work: HeadWork,
  slots: Slots,
  batchSize: number,
  readMeans: MeansReader,
): (first: number, updates: number) => PooledBatches {
  const { layers, dim } = work.features;
  const places = work.places.train;
  const targets = targetsOf(work, slots, 'train');
  const rowAt = drawer(work.seed, places.length);
  return (first, updates) => {
    const rows = Array.from({ length: updates * batchSize }, (_, i) => rowAt(first * batchSize + i));
    const means = new Float32Array(rows.length * layers * dim);
    for (let update = 0; update < updates; update++) {
      const part = rows
        .slice(update * batchSize, (update + 1) * batchSize)
        .map((row) => places[row] as number);
      fillMeans(readMeans, [layers, dim], part, means.subarray(update * batchSize * layers * dim), batchSize);
    }
    return {
      means: float32([updates, layers, batchSize, dim], means),
      targets: int32(
        [updates, batchSize, slots.length],
        rows.flatMap((row) => targets[row] ?? []),
      ),
    };
  };
}

/** The row that is drawn n-th; the orders of the last two epochs are kept, since a batch may straddle them. */
function drawer(seed: number, total: number): (drawn: number) => number {
  const orders = new Map<number, number[]>();
  return (drawn) => {
    const epoch = Math.floor(drawn / total);
    let order = orders.get(epoch);
    if (order === undefined) {
      order = randomStream(seed, 'head epoch', epoch).shuffle(Array.from({ length: total }, (_, i) => i));
      orders.set(epoch, order);
      orders.delete(epoch - 2);
    }
    return order[drawn % total] as number;
  };
}

/** The class indices of a split's utterances, one a slot. */
export function targetsOf(work: HeadWork, slots: Slots, split: Split): number[][] {
  const indices = slots.map(({ classes }) => new Map(classes.map((name, i) => [name, i])));
  return work.references[split].map((reference) =>
    slots.map(({ column }, slot) => {
      const index = indices[slot]?.get(reference[column] ?? '');
      if (index === undefined) throw new Error(`no class '${reference[column]}' in ${column}`);
      return index;
    }),
  );
}
