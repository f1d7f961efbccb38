/** @file The utterances of a task that have features: those whose audio cannot be used are left out. */
import type { HeadWork } from '../api/head-kind.js';
import { splits } from '../api/task.js';
import { UserError } from '../base/errors.js';
import type { Utterance } from '../data/rows.js';
import type { PlannedTask } from './plan.js';

export interface Usable {
  readonly data: PlannedTask['data'];
  /** Where they are among the features, whose order is train, dev, test. */
  readonly places: HeadWork['places'];
}

/**
 * @param bad places of what cannot be used, each with its reason
 * @throws UserError where a split loses all: however many may be bad, not so many
 */
export function usable(planned: PlannedTask, bad: ReadonlyMap<number, string>): Usable {
  const { data } = planned;
  const of = (start: number, utterances: readonly Utterance[]) => {
    const kept = utterances.flatMap((utterance, i) =>
      bad.has(start + i) ? [] : [[utterance, start + i] as const],
    );
    return { utterances: kept.map(([each]) => each), places: kept.map(([, place]) => place) };
  };
  const train = of(0, data.train);
  const dev = of(data.train.length, data.dev);
  const test = of(data.train.length + data.dev.length, data.test);
  const left = { train: train.utterances, dev: dev.utterances, test: test.utterances };
  refuseEmpty(planned, left, bad);
  return { data: left, places: { train: train.places, dev: dev.places, test: test.places } };
}

function refuseEmpty(
  { task, manifest, data }: PlannedTask,
  left: PlannedTask['data'],
  bad: ReadonlyMap<number, string>,
): void {
  const empty = splits.find((split) => left[split].length === 0);
  if (empty === undefined) return;
  const [reason] = bad.values();
  throw new UserError(
    `none of the ${data[empty].length} utterances of '${empty}' has audio that can be used by the task ${task.name}, for example: ${reason}`,
    { file: manifest.path, mend: 'Mend the audio, or give its folder with root in the suite' },
  );
}
