/** @file The utterances of a task that have features: those whose audio cannot be used, or is too short to learn from, are left out. */
import type { HeadWork } from '../api/head-kind.js';
import { type Split, splits, splitsOf } from '../api/task.js';
import { UserError } from '../base/errors.js';
import type { Utterance } from '../data/rows.js';
import type { Features } from '../features/reader.js';
import { withPairsOf } from './pairs.js';
import type { PlannedTask } from './plan.js';

export interface Usable {
  readonly data: PlannedTask['data'];
  /** Where they are among the features, whose order is train, dev, test. */
  readonly places: HeadWork['places'];
}

/**
 * What is left out: utterances with unusable audio or too little of it for the head, and those to learn from whose audio is
 * too short for what they say.
 * @returns the reasons by the utterances' places among the features
 */
export function leftOut(
  planned: PlannedTask,
  { bad, rows }: Pick<Features, 'bad' | 'rows'>,
  hopSamples: number,
): ReadonlyMap<number, string> {
  const { head, data } = planned;
  if (head.kind.reads(head.settings).store !== 'frames') return bad;
  const out = new Map(bad);
  // The features' order is train, dev, test.
  for (const [place, utterance] of splits.flatMap((split) => data[split]).entries()) {
    if (out.has(place)) continue;
    const reason = tooShort(planned, utterance, place < data.train.length, rows[place] ?? 0, hopSamples);
    if (reason === undefined) continue;
    const { manifest, line } = utterance;
    out.set(place, `${manifest}:${line}: ${reason}`);
  }
  return out;
}

/** Why an utterance of so many frames cannot be used, if it cannot. */
function tooShort(
  { task, head: { kind, settings } }: PlannedTask,
  utterance: Utterance,
  isLearntFrom: boolean,
  frames: number,
  hopSamples: number,
): string | undefined {
  const toLearn = isLearntFrom ? (kind.framesToLearn?.(settings, hopSamples) ?? 0) : 0;
  const fewest = Math.max(kind.fewestFrames ?? 0, toLearn);
  if (frames < fewest) {
    return `'${utterance.id}' has ${frames} frame${frames === 1 ? '' : 's'}, but the head needs ${fewest}`;
  }
  if (!isLearntFrom || task.stepsNeeded === undefined) return undefined;
  const steps = kind.steps?.(settings, frames, hopSamples) ?? frames;
  const needed = task.stepsNeeded(utterance);
  return steps < needed
    ? `the text of '${utterance.id}' needs ${needed} frames, but its audio has ${steps}`
    : undefined;
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
  const left = withPairsOf(data, { train: train.utterances, dev: dev.utterances, test: test.utterances });
  refuseEmpty(planned, left, bad);
  return { data: left, places: { train: train.places, dev: dev.places, test: test.places } };
}

function refuseEmpty(
  { task, manifest, data }: PlannedTask,
  left: PlannedTask['data'],
  bad: ReadonlyMap<number, string>,
): void {
  const isEmpty = (split: Split) => left[split].length === 0 || left.pairs?.[split]?.length === 0;
  const empty = splitsOf(task).find(isEmpty);
  if (empty === undefined) return;
  const [reason] = bad.values();
  const pairs = data.pairs?.[empty];
  const all = pairs === undefined ? `${data[empty].length} utterances` : `${pairs.length} pairs`;
  throw new UserError(
    `the task ${task.name} can use none of the ${all} of split '${empty}', for example: ${reason}`,
    {
      file: manifest.path,
      hint: "Fix the audio or the texts, or set the folder of the audio with 'root' in the suite",
    },
  );
}
