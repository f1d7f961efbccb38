/** @file Draws from a train split, epoch after epoch: a matter of the seed and the draw's number alone. */
import type { HeadWork } from '../api/head-kind.js';
import { randomStream } from '../base/random.js';

/** Gives the item that is drawn n-th, counted from 0. */
export type Drawer = (drawn: number) => number;

/** Each of so many items once an epoch, in a new order each time. */
export function epochDrawer(seed: number, count: number): Drawer {
  // A batch may straddle two epochs.
  const orders = new Map<number, readonly number[]>();
  return (drawn) => {
    const epoch = Math.floor(drawn / count);
    let order = orders.get(epoch);
    if (order === undefined) {
      const items = Array.from({ length: count }, (_, i) => i);
      order = randomStream(seed, 'epoch of items', epoch).shuffle(items);
      orders.set(epoch, order);
      orders.delete(epoch - 2);
    }
    return order[drawn % count] as number;
  };
}

/** The rows of train by the utterance that they stem from: an utterance, or all of its crops. */
export function trainUtterances({
  places,
  trainSources,
}: Pick<HeadWork, 'places' | 'trainSources'>): number[][] {
  const groups = new Map<string | number, number[]>();
  for (const row of places.train.keys()) {
    const source = trainSources?.[row] ?? row;
    const group = groups.get(source);
    if (group === undefined) groups.set(source, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/** The row that is drawn n-th: each utterance once an epoch, by the next of its crops, which take turns in a drawn order. */
export function rowDrawer(seed: number, utterances: readonly (readonly number[])[]): Drawer {
  const utteranceAt = epochDrawer(seed, utterances.length);
  return (drawn) => {
    const utterance = utteranceAt(drawn);
    const rows = utterances[utterance] as readonly number[];
    if (rows.length === 1) return rows[0] as number;
    const epoch = Math.floor(drawn / utterances.length);
    const turn = Math.floor(epoch / rows.length);
    const order = randomStream(seed, 'turns of crops', utterance, turn).shuffle([...rows]);
    return order[epoch % rows.length] as number;
  };
}
