/** @file Batches of per-layer means: an endless seeded stream of epochs, held in memory where they fit. */
import type { HeadWork } from '../../api/head-kind.js';
import type { Split } from '../../api/task.js';
import { float32, type HostTensor, int32 } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import type { Features } from '../../features/store.js';
import type { Slots } from './model.js';
import type { PooledSettings } from './settings.js';

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

/** Means of one hidden state alone, as if there were no others. */
export function meansOfLayer(readMeans: MeansReader, dim: number, layer: number): MeansReader {
  return (place) => readMeans(place).subarray(layer * dim, (layer + 1) * dim);
}

/** What batches are drawn from. */
type Drawn = Pick<HeadWork, 'places' | 'references' | 'trainSources'> & {
  readonly features: Pick<Features, 'layers' | 'dim'>;
};

/** Batches `first`, `first + 1`, ... of a seed's endless stream of draws from the train split. */
export function trainingBatches(
  work: Drawn,
  seed: number,
  slots: Slots,
  { batchSize, drawing }: Pick<PooledSettings, 'batchSize' | 'drawing'>,
  readMeans: MeansReader,
): (first: number, updates: number) => PooledBatches {
  const { layers, dim } = work.features;
  const places = work.places.train;
  const targets = targetsOf(work, slots, 'train');
  const groups = groupsOf(work);
  const rowAt =
    drawing === 'epochs' ? epochDrawer(seed, groups) : balancedDrawer(seed, classGroups(groups, targets));
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

/** The rows of train by the utterance that they stem from: an utterance, or all of its crops. */
function groupsOf({ places, trainSources }: Pick<HeadWork, 'places' | 'trainSources'>): number[][] {
  const groups = new Map<string | number, number[]>();
  for (const row of places.train.keys()) {
    const source = trainSources?.[row] ?? row;
    const group = groups.get(source);
    if (group === undefined) groups.set(source, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/** How many draws make an epoch: an utterance that was cut into crops counts once. */
export function epochLength(work: HeadWork): number {
  return groupsOf(work).length;
}

/** Groups of rows by their classes, in the order of appearance. */
function classGroups(
  groups: readonly (readonly number[])[],
  targets: readonly (readonly number[])[],
): readonly (readonly (readonly number[])[])[] {
  const classes = new Map<string, (readonly number[])[]>();
  for (const group of groups) {
    const key = targets[group[0] as number]?.join() ?? '';
    const known = classes.get(key);
    if (known === undefined) classes.set(key, [group]);
    else known.push(group);
  }
  return [...classes.values()];
}

/**
 * The row that is drawn n-th, each group once an epoch by one of its rows, none of them again before all were; the orders
 * of the last two epochs are kept, since a batch may straddle them.
 */
function epochDrawer(seed: number, groups: readonly (readonly number[])[]): (drawn: number) => number {
  const total = groups.length;
  const orders = new Map<number, number[]>();
  return (drawn) => {
    const epoch = Math.floor(drawn / total);
    let order = orders.get(epoch);
    if (order === undefined) {
      order = randomStream(seed, 'head epoch', epoch).shuffle(Array.from({ length: total }, (_, i) => i));
      orders.set(epoch, order);
      orders.delete(epoch - 2);
    }
    const place = order[drawn % total] as number;
    const group = groups[place] as readonly number[];
    if (group.length === 1) return group[0] as number;
    const turn = Math.floor(epoch / group.length);
    const turns = randomStream(seed, 'crops of an utterance', place, turn).shuffle([...group]);
    return turns[epoch % group.length] as number;
  };
}

/** The row that is drawn n-th: any class, any group of it, any row of that (torch's WeightedRandomSampler over classes). */
function balancedDrawer(
  seed: number,
  classes: readonly (readonly (readonly number[])[])[],
): (drawn: number) => number {
  return (drawn) => {
    const random = randomStream(seed, 'balanced draw', drawn);
    const groups = classes[random.integer(classes.length)] as readonly (readonly number[])[];
    const group = groups[random.integer(groups.length)] as readonly number[];
    return group[random.integer(group.length)] as number;
  };
}

/** The class indices of a split's utterances, one a slot. */
export function targetsOf(work: Pick<HeadWork, 'references'>, slots: Slots, split: Split): number[][] {
  const indices = slots.map(({ classes }) => new Map(classes.map((name, i) => [name, i])));
  return work.references[split].map((reference) =>
    slots.map(({ column }, slot) => {
      const index = indices[slot]?.get(reference[column] ?? '');
      if (index === undefined) throw new Error(`no class '${reference[column]}' in ${column}`);
      return index;
    }),
  );
}
