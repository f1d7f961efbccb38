/** @file What heads are trained on: a task, or each of its folds seen as a task of its own; and what a record says of them. */
import type { HeadResult, HeadWork } from '../api/head-kind.js';
import { splits } from '../api/task.js';
import type { Features } from '../features/reader.js';
import type { NewRecord } from '../results/record.js';
import type { PlannedFold } from './folds.js';
import type { PlannedTask } from './plan.js';

/** What one head a seed is trained on: a task, or one of its folds. */
export interface Part {
  /** Its fold's name. */
  readonly fold?: string;
  /** The task, as if the fold were all of it. */
  readonly planned: PlannedTask;
  /** What is known of its utterances' features, in the order of `planned.utterances`. */
  readonly seen: Pick<Features, 'bad' | 'rows'>;
  /** Where one of them stands among all features. */
  placeOf(index: number): number;
}

/** The parts of a task: its folds, or the whole of it. */
export function partsOf(planned: PlannedTask, features: Features): readonly [Part, ...Part[]] {
  const whole: Part = { planned, seen: features, placeOf: (index) => index };
  const [first, ...others] = planned.folds ?? [];
  if (first === undefined) return [whole];
  const places = new Map(planned.utterances.map(({ id }, place) => [id, place]));
  const partOf = ({ name, data, spec }: PlannedFold): Part => {
    const utterances = splits.flatMap((split) => data[split]);
    const own = utterances.map(({ id }) => places.get(id) as number);
    const reasons = own.flatMap((place, index) => {
      const reason = features.bad.get(place);
      return reason === undefined ? [] : [[index, reason] as const];
    });
    return {
      fold: name,
      planned: { ...planned, data, utterances, head: { ...planned.head, spec } },
      seen: { bad: new Map(reasons), rows: own.map((place) => features.rows[place] as number) },
      placeOf: (index) => own[index] as number,
    };
  };
  return [partOf(first), ...others.map(partOf)];
}

/** Places of a part's utterances as places among all features. */
export function placesIn({ fold, placeOf }: Part, places: HeadWork['places']): HeadWork['places'] {
  if (fold === undefined) return places;
  const { train, dev, test } = places;
  return { train: train.map(placeOf), dev: dev.map(placeOf), test: test.map(placeOf) };
}

/** What a record says of training: of one head, or of a head a fold and what they have in common. */
export type TrainingOfRecord = Pick<NewRecord, 'learningRates' | 'layerWeights' | 'curve' | 'folds'>;

/** A fold's training, with the value of the task's first metric on its test utterances. */
export interface TestedFold {
  readonly name: string;
  readonly result: HeadResult;
  readonly value: number;
  readonly utterances: number;
}

/**
 * What a record says of a head a fold. Layer weights are means over folds, and so are the metrics of rates that every fold
 * tried; a rate is chosen where it is the choice of all.
 */
export function trainingOverFolds(folds: readonly TestedFold[]): TrainingOfRecord {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [first] = folds;
  if (first === undefined) throw new Error('no fold');
  const { tried, chosen, layerWeights } = first.result;
  return {
    learningRates: {
      tried: tried.flatMap(({ learningRate }) => {
        const own = folds.map(({ result }) => result.tried.find((one) => one.learningRate === learningRate));
        const known = own.filter((one) => one !== undefined);
        if (known.length < folds.length) return [];
        const values = known.flatMap(({ devMetric }) => devMetric ?? []);
        return [{ learningRate, devMetric: values.length === 0 ? null : mean(values) }];
      }),
      chosen: folds.every(({ result }) => result.chosen === chosen) ? chosen : null,
    },
    layerWeights: layerWeights.map((_, layer) =>
      mean(folds.map(({ result }) => result.layerWeights[layer] as number)),
    ),
    folds: folds.map(({ name, result, value, utterances }) => ({
      name,
      value,
      utterances,
      ...trainingOf(result),
    })),
  };
}

/** What a record says of one head's training. */
export function trainingOf(result: HeadResult) {
  return {
    learningRates: { tried: result.tried.map((rate) => ({ ...rate })), chosen: result.chosen },
    layerWeights: [...result.layerWeights],
    curve: result.curve.map((point) => ({ ...point })),
  };
}
