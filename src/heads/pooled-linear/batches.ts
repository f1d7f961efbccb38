/** @file Batches of per-layer means: an endless seeded stream of epochs, held in memory where they fit. */
import type { HeadWork } from '../../api/head-kind.js';
import { float32, type HostParameters, type HostTensor, int32 } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import type { Features } from '../../features/reader.js';
import { standardRow } from '../standard.js';
import type { Source } from './grid.js';
import { type Groups, groupsBy } from './groups.js';
import type { Slots } from './model.js';
import type { PooledSettings } from './settings.js';
import { targetsOf } from './targets.js';

/** Gives the means of an utterance: [layers, dim], flat. */
export type MeansReader = (place: number) => Float32Array;

/** Means of a corpus up to this size are read once. */
const memoryBudgetBytes = 512 * 2 ** 20;

/** @param standard what they are shifted and scaled by: `meansStandard`'s, or the parameters of a head (default: nothing) */
export function meansReader(features: Features, standard: HostParameters = {}): MeansReader {
  const bytes = features.rows.length * features.layers * features.dim * 4;
  const read: MeansReader = (place) => standardRow(standard, features.read(place));
  if (bytes > memoryBudgetBytes) return read;
  const held = new Map<number, Float32Array>();
  return (place) => {
    const means = held.get(place) ?? read(place);
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

/** Batches `first`, `first + 1`, ... of a seed. */
export type BatchStream = (first: number, updates: number) => PooledBatches;

/**
 * Each seed's endless stream of draws from the train split, of all hidden states or of one. What they draw from is there once,
 * whatever the seeds and hidden states.
 */
export function trainingBatches(
  work: HeadWork,
  slots: Slots,
  { batchSize, drawing }: Pick<PooledSettings, 'batchSize' | 'drawing'>,
  readAll: MeansReader,
): (source: Source) => BatchStream {
  const { dim } = work.features;
  const places = work.places.train;
  const targets = targetsOf(work, slots, 'train');
  const classesOf = (row: number): Int32Array =>
    targets.subarray(row * slots.length, (row + 1) * slots.length);
  const utterances = utteranceGroups(work);
  const drawer =
    drawing === 'epochs'
      ? epochDrawer(utterances)
      : balancedDrawer(
          utterances,
          groupsBy(utterances.count, (utterance) => classesOf(utterances.member(utterance, 0)).join()),
        );
  return ({ seed, layer }) => {
    const rowAt = drawer(seed);
    const layers = layer === undefined ? work.features.layers : 1;
    const readMeans: MeansReader =
      layer === undefined ? readAll : (place) => readAll(place).subarray(layer * dim, (layer + 1) * dim);
    return (first, updates) => {
      const rows = Array.from({ length: updates * batchSize }, (_, i) => rowAt(first * batchSize + i));
      const means = new Float32Array(rows.length * layers * dim);
      const indices = new Int32Array(rows.length * slots.length);
      for (let update = 0; update < updates; update++) {
        const part = rows
          .slice(update * batchSize, (update + 1) * batchSize)
          .map((row) => places[row] as number);
        fillMeans(
          readMeans,
          [layers, dim],
          part,
          means.subarray(update * batchSize * layers * dim),
          batchSize,
        );
      }
      for (const [i, row] of rows.entries()) indices.set(classesOf(row), i * slots.length);
      return {
        means: float32([updates, layers, batchSize, dim], means),
        targets: int32([updates, batchSize, slots.length], indices),
      };
    };
  };
}

/** The rows of train by the utterance that they stem from: an utterance, or all of its crops. */
export function utteranceGroups({ places, trainSources }: Pick<HeadWork, 'places' | 'trainSources'>): Groups {
  return groupsBy(places.train.length, (row) => trainSources?.[row] ?? row);
}

/** How many draws make an epoch: an utterance that was cut into crops counts once. */
export function epochLength({ places, trainSources }: Pick<HeadWork, 'places' | 'trainSources'>): number {
  return trainSources === undefined ? places.train.length : new Set(trainSources).size;
}

/** Gives the row that is drawn n-th with a seed. */
type Drawer = (seed: number) => (drawn: number) => number;

/**
 * Each utterance once an epoch, by one of its rows, none of them again before all were; the orders of the last two epochs are
 * kept: a batch may straddle them.
 */
export function epochDrawer(utterances: Groups): Drawer {
  const total = utterances.count;
  return (seed) => {
    const orders = new Map<number, Int32Array>();
    return (drawn) => {
      const epoch = Math.floor(drawn / total);
      let order = orders.get(epoch);
      if (order === undefined) {
        const shuffled = randomStream(seed, 'head epoch', epoch).shuffle(
          Array.from({ length: total }, (_, i) => i),
        );
        order = Int32Array.from(shuffled);
        orders.set(epoch, order);
        orders.delete(epoch - 2);
      }
      const utterance = order[drawn % total] as number;
      const rows = utterances.size(utterance);
      if (rows === 1) return utterances.member(utterance, 0);
      const round = Math.floor(epoch / rows);
      const turns = randomStream(seed, 'crops of an utterance', utterance, round).shuffle(
        Array.from({ length: rows }, (_, i) => i),
      );
      return utterances.member(utterance, turns[epoch % rows] as number);
    };
  };
}

/** Any class, any utterance of it, any row of that (torch's WeightedRandomSampler over classes). */
function balancedDrawer(utterances: Groups, classes: Groups): Drawer {
  return (seed) => (drawn) => {
    const random = randomStream(seed, 'balanced draw', drawn);
    const some = random.integer(classes.count);
    const utterance = classes.member(some, random.integer(classes.size(some)));
    return utterances.member(utterance, random.integer(utterances.size(utterance)));
  };
}
