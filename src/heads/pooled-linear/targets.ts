/** @file What pooled heads are to predict: class indices. */
import type { HeadWork } from '../../api/head-kind.js';
import type { Split } from '../../api/task.js';
import type { Slots } from './model.js';

/** Of a split's utterances: [utterances, slots], flat. */
export function targetsOf(work: HeadWork, slots: Slots, split: Split): Int32Array {
  const indices = slots.map(({ classes }) => new Map(classes.map((name, i) => [name, i])));
  const targets = new Int32Array(work.references[split].length * slots.length);
  for (const [row, reference] of work.references[split].entries()) {
    for (const [slot, { column }] of slots.entries()) {
      const index = indices[slot]?.get(reference[column] ?? '');
      if (index === undefined) throw new Error(`no class '${reference[column]}' in ${column}`);
      targets[row * slots.length + slot] = index;
    }
  }
  return targets;
}
