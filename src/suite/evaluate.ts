/** @file One encoder on one task: features, head, test, record. */

import type { HeadResult, HeadWork, Keeping, Look, Prediction } from '../api/head-kind.js';
import { type Columns, columnNames, type JudgedRow, type Split, type Task } from '../api/task.js';
import { engineIdentity } from '../base/engine-identity.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import type { Features } from '../features/reader.js';
import { checkLayers, someLayers } from '../features/some-layers.js';
import { type FeatureStorage, openFeatures } from '../features/store.js';
import { versionsOf } from '../results/record-entries.js';
import { judgeRows } from '../results/rows.js';
import { type Evaluation, evaluationOf } from './evaluation-record.js';
import { type Part, partsOf, placesIn } from './parts.js';
import type { PlannedTask } from './plan.js';
import { leftOut, type Usable, usable } from './usable.js';

export interface EvaluateOptions {
  readonly engine: Engine;
  readonly seeds: readonly number[];
  readonly quiet: boolean;
  /** Where and how features are kept; utterances whose audio is unusable are left out and named in the record. */
  readonly storage: FeatureStorage;
  /** Told how much of the training is done, from 0 to 1: of one seed, where heads train one after the other. */
  readonly onProgress?: ((share: number, note?: string) => void) | undefined;
  /** Told of every look at dev, and of which fold it is. */
  readonly onLook?: ((look: Look, fold: string | undefined) => void) | undefined;
  /** How a training is kept that starts from this seed, of the fold at this place; without it none is. */
  readonly keepingOf?: ((seed: number, fold: number) => Omit<Keeping, 'origin'>) | undefined;
}

/**
 * Trains and tests the task's head on the encoder's features, from every seed.
 * @returns an evaluation a seed, in their order
 */
export async function evaluate(
  encoder: Encoder,
  planned: PlannedTask,
  options: EvaluateOptions,
): Promise<Evaluation[]> {
  const { engine, seeds } = options;
  const features = await openPlanned(encoder, planned, options);
  try {
    const { works, skipped } = worksOf(encoder, planned, features, options);
    const trained: TrainedPart[] = [];
    for (const each of works) trained.push(await trainAndTest(each, seeds));
    return seeds.map((seed, i) => {
      const tested = {
        encoder,
        planned,
        engine,
        features,
        skipped,
        speakers: trained.flatMap(({ speakers }) => speakers),
        seed,
        seconds: trained.reduce((sum, { seconds }) => sum + seconds, 0),
      };
      return evaluationOf(
        tested,
        trained.map(({ part, results, rowsOf }) => {
          const result = results[i] as HeadResult;
          return { fold: part.fold, result, rows: rowsOf(result.predictions, 'test') };
        }),
      );
    });
  } finally {
    await features.close();
  }
}

/** What a part's head is trained with. */
export interface PartWork {
  readonly part: Part;
  readonly work: HeadWork;
  /** Predictions of a split beside what the manifest says. */
  readonly rowsOf: RowsOf;
  /** Of test, one a row, where the manifest names them. */
  readonly speakers: readonly (string | undefined)[];
}

/** The work of every part of a task, and the reasons of what is left out, by place. */
export function worksOf(
  encoder: Encoder,
  planned: PlannedTask,
  features: Features,
  options: EvaluateOptions,
): { readonly works: readonly PartWork[]; readonly skipped: ReadonlyMap<number, string> } {
  const skipped = new Map<number, string>();
  const parts = partsOf(planned, features);
  const works = parts.map((part, index) => {
    const out = leftOut(part.planned, part.seen, encoder.hopSamples);
    for (const [place, reason] of out) skipped.set(part.placeOf(place), reason);
    const kept = usable(part.planned, out);
    return workOf(encoder, part, features, kept, ofPart(options, index, parts.length));
  });
  return { works, skipped };
}

/** The options of one of several parts. */
function ofPart(options: EvaluateOptions, index: number, parts: number): PartOptions {
  const { onProgress, keepingOf, ...rest } = options;
  return {
    ...rest,
    onProgress: onProgress && ((share, note) => onProgress((index + share) / parts, note)),
    keepingOf: keepingOf && ((seed) => keepingOf(seed, index)),
  };
}

interface PartOptions extends Omit<EvaluateOptions, 'keepingOf'> {
  readonly keepingOf?: ((seed: number) => Omit<Keeping, 'origin'>) | undefined;
}

/**
 * The features that the planned head reads.
 * @throws UserError for a hidden state in its settings that the encoder does not have
 */
export async function openPlanned(
  encoder: Encoder,
  { head, utterances, hashes }: PlannedTask,
  { engine, storage, quiet }: EvaluateOptions,
): Promise<Features> {
  const reads = head.kind.reads(head.settings);
  const { layers } = head.reading;
  checkLayers(layers, encoder);
  const features = await openFeatures({
    engine,
    encoder,
    utterances,
    audioHash: hashes.audio,
    kind: reads.store,
    storage,
    ...(reads.store === 'frames' && { frameType: reads.type }),
    quiet,
  });
  return someLayers(features, layers);
}

/** Predictions of a split beside what the manifest says. */
export type RowsOf = (predictions: readonly Prediction[], split: Split) => JudgedRow[];

/** Heads of a task or a fold, trained and tested, a result a seed. */
interface TrainedPart extends PartWork {
  readonly results: readonly HeadResult[];
  /** A seed's: seeds that train together share the time it took. */
  readonly seconds: number;
}

async function trainAndTest(partWork: PartWork, seeds: readonly number[]): Promise<TrainedPart> {
  const { kind, spec, settings } = partWork.part.planned.head;
  const started = performance.now();
  const results = await kind.train(partWork.work, spec, settings, seeds);
  const earlier = results.reduce((sum, { earlierSeconds }) => sum + earlierSeconds, 0);
  const seconds = ((performance.now() - started) / 1000 + earlier) / seeds.length;
  return { ...partWork, results, seconds };
}

function workOf(
  encoder: Encoder,
  part: Part,
  features: Features,
  kept: Usable,
  { engine, quiet, onProgress, onLook, keepingOf }: PartOptions,
): PartWork {
  const { planned, fold } = part;
  const { task } = planned;
  const { data } = kept;
  const of = (split: Split) => judgedOf(part, data, split);
  const judged = { train: of('train'), dev: of('dev'), test: of('test') };
  const references = (split: Split) => judged[split].map(({ reference }) => reference);
  const rowsOf: RowsOf = (predictions, split) =>
    predictions.map(({ columns, tensors }, i) => ({
      id: judged[split][i]?.id ?? '',
      prediction: columns,
      reference: judged[split][i]?.reference ?? {},
      ...(tensors !== undefined && { tensors }),
    }));
  const origin = originOf(encoder, part, engine);
  const work: HeadWork = {
    engine,
    features,
    hopSamples: encoder.hopSamples,
    places: placesIn(part, kept.places),
    references: { train: references('train'), dev: references('dev'), test: references('test') },
    ...(data.pairs !== undefined && { pairs: data.pairs }),
    trainSources: data.train.map(({ id, cropOf }) => cropOf ?? id),
    metric: task.metrics[0],
    score: scorer(task, rowsOf),
    title: `${task.name} head on ${encoder.name}${fold === undefined ? '' : `, fold ${fold}`}`,
    quiet,
    onProgress,
    onLook: onLook && ((look) => onLook(look, fold)),
    keepingOf: keepingOf && ((seed) => ({ ...keepingOf(seed), origin })),
  };
  return { part, work, rowsOf, speakers: judged.test.map(({ speaker }) => speaker) };
}

/**
 * The value of the task's first metric. At the first call all metrics are judged, so that one that a task promises and
 * does not give is told before the training, not after it.
 */
function scorer(task: Task, rowsOf: RowsOf): HeadWork['score'] {
  const [metric] = task.metrics;
  let checked = false;
  return (predictions, split, some) => {
    const all = rowsOf(predictions, split);
    const rows = some === undefined ? all : some.map((row) => all[row] as JudgedRow);
    const values = judgeRows(task, rows, checked ? [metric] : task.metrics);
    checked = true;
    const value = values[metric.name]?.value;
    if (value === undefined) throw new Error(`${metric.name} was not judged`);
    return value;
  };
}

/** All that decides a head beside its settings and seed. */
function originOf(encoder: Encoder, { planned, fold }: Part, engine: Engine): Keeping['origin'] {
  const { task, manifest, preset } = planned;
  return {
    encoder: encoder.hash,
    manifest: manifest.hash,
    task: [task.name, task.version],
    preset,
    engine: engineIdentity(engine),
    versions: versionsOf(engine),
    ...(fold !== undefined && { fold }),
  };
}

/** What is predicted and judged: an utterance, or a pair of them. */
interface Judged {
  readonly id: string;
  readonly reference: Columns;
  readonly speaker?: string | undefined;
}

/**
 * Of a split, in order: its pairs with the columns of their file, or else its utterances with what the manifest says in
 * the task's columns; empty where a split does not need one. Of a fold, with its name.
 */
function judgedOf({ planned: { task }, fold }: Part, data: PlannedTask['data'], split: Split): Judged[] {
  const pairs = data.pairs?.[split];
  if (pairs !== undefined) return pairs.map(({ id, columns }) => ({ id, reference: columns }));
  const names = columnNames(task);
  return data[split].map(({ id, columns }) => ({
    id,
    reference: {
      ...Object.fromEntries(names.map((name) => [name, columns[name] ?? ''])),
      ...(fold !== undefined && { fold }),
    },
    speaker: columns.speaker,
  }));
}
