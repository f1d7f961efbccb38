/** @file What is written of a trained and tested head: its record, its predictions, their tensors. */
import type { HeadResult } from '../api/head-kind.js';
import type { JudgedRow, Task } from '../api/task.js';
import { ownCommit } from '../base/package.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import type { Features } from '../features/reader.js';
import { type TrainedHead, usualFrameType } from '../heads/trained.js';
import { recordMetric } from '../results/intervals.js';
import type { NewRecord, PredictionLine } from '../results/record.js';
import { encoderEntry, engineEntry } from '../results/record-entries.js';
import { judgeRows, writtenValue } from '../results/rows.js';
import { speakersToDraw } from '../results/speakers.js';
import { type NamedTensors, namedTensors } from '../results/tensors.js';
import { type TestedFold, type TrainingOfRecord, trainingOf, trainingOverFolds } from './parts.js';
import type { PlannedTask } from './plan.js';

/** A record, and what stands beside it. */
export interface Evaluation {
  readonly record: NewRecord;
  readonly predictions: PredictionLine[];
  readonly tensors: NamedTensors;
  /** Of each fold, where there are any. */
  readonly heads: readonly [TrainedHead, ...TrainedHead[]];
}

/** A head of a task or a fold, and what it says of test. */
export interface TestedHead {
  readonly fold: string | undefined;
  readonly result: HeadResult;
  readonly rows: readonly JudgedRow[];
}

/** What was tested, with what, and how. */
export interface Tested {
  readonly encoder: Encoder;
  readonly planned: PlannedTask;
  readonly engine: Engine;
  readonly features: Pick<Features, 'costs'>;
  /** Reasons of what was left out, by place. */
  readonly skipped: ReadonlyMap<number, string>;
  /** One a row, where the manifest names them. */
  readonly speakers: readonly (string | undefined)[];
  readonly seed: number;
  /** Spent on training and test. */
  readonly seconds: number;
}

/** The evaluation of one seed: of its head, or of a head a fold. */
export function evaluationOf(tested: Tested, parts: readonly TestedHead[]): Evaluation {
  const { planned, speakers } = tested;
  const rows = parts.flatMap((part) => part.rows);
  const [head, ...others] = parts.map(
    ({ result }): TrainedHead => ({
      kind: planned.head.spec.kind,
      ...reducedBy(planned.head),
      ...result.head,
    }),
  );
  if (head === undefined) throw new Error('no head was trained');
  return {
    record: recordOf(tested, parts, rows),
    predictions: rows.map(({ id, prediction, reference }, i) => ({
      id,
      prediction: writtenValue(planned.task, prediction),
      reference: writtenValue(planned.task, reference),
      ...(speakers[i] && { speaker: speakers[i] }),
    })),
    tensors: namedTensors(
      rows.map(({ id }) => id),
      parts.flatMap(({ result }) => result.predictions),
    ),
    heads: [head, ...others],
  };
}

/** What the head was given that is not all, or not as usual. */
function reducedBy({ kind, settings, reading }: PlannedTask['head']): Partial<TrainedHead> {
  const reads = kind.reads(settings);
  const frameType = reads.store === 'frames' && reads.type !== usualFrameType(kind) ? reads.type : undefined;
  return { ...reading, ...(frameType !== undefined && { frameType }) };
}

function recordOf(tested: Tested, parts: readonly TestedHead[], rows: readonly JudgedRow[]): NewRecord {
  const { encoder, planned, engine, features, skipped, seed, seconds } = tested;
  const { task, manifest, pairs, preset } = planned;
  const { languageModel, devByLayer, chosenOnTest, remarks = [] } = parts[0]?.result ?? {};
  const commit = ownCommit();
  return {
    encoder: encoderEntry(encoder),
    task: { name: task.name, version: task.version },
    manifest: { ...manifest },
    ...(pairs !== undefined && { pairs: { ...pairs } }),
    preset,
    seed,
    engine: engineEntry(engine),
    ...(chosenOnTest !== undefined && { chosenOnTest }),
    ...(languageModel !== undefined && { languageModel }),
    ...(commit !== undefined && { gitCommit: commit }),
    metrics: metricsOf(tested, rows),
    ...trainingOfParts(planned.task, parts),
    ...(planned.head.reading.layers !== undefined && { layers: planned.head.reading.layers }),
    ...(devByLayer !== undefined && { devByLayer: [...devByLayer] }),
    ...(remarks.length > 0 && { remarks: [...remarks] }),
    ...madeWithOf(planned),
    costs: {
      seconds: features.costs.seconds + seconds,
      peakMemoryMB: process.resourceUsage().maxRSS / 1024,
      encoderFrames: features.costs.encoderFrames,
    },
    ...(skipped.size > 0 && {
      skipped: [...skipped].map(([place, reason]) => ({
        id: planned.utterances[place]?.id ?? '',
        reason,
      })),
    }),
    createdAt: new Date().toISOString(),
  };
}

function trainingOfParts(task: Task, parts: readonly TestedHead[]): TrainingOfRecord {
  const folds = parts.flatMap(({ fold, result, rows }): TestedFold[] => {
    if (fold === undefined) return [];
    const [metric] = task.metrics;
    const value = judgeRows(task, rows, [metric])[metric.name]?.value as number;
    return [{ name: fold, result, value, utterances: rows.length }];
  });
  const [first] = parts;
  if (first === undefined) throw new Error('no head was trained');
  return folds.length > 0 ? trainingOverFolds(folds) : trainingOf(first.result);
}

/** The values of the columns that say what the manifest was made with. */
function madeWithOf({ task, utterances }: PlannedTask): Pick<NewRecord, 'madeWith'> {
  const found = (task.madeWith ?? []).flatMap((name) => {
    const values = [...new Set(utterances.flatMap(({ columns }) => columns[name] || []))];
    return values.length === 0 ? [] : [[name, values.join(' ')] as const];
  });
  return found.length === 0 ? {} : { madeWith: Object.fromEntries(found) };
}

function metricsOf(
  { planned: { task }, speakers, seed }: Tested,
  rows: readonly JudgedRow[],
): NewRecord['metrics'] {
  const values = judgeRows(task, rows);
  const drawn = speakersToDraw(task, speakers);
  return Object.fromEntries(
    task.metrics.flatMap((metric) => {
      const value = values[metric.name];
      return value === undefined
        ? []
        : [[metric.name, recordMetric(metric, value, rows.length, drawn, seed)]];
    }),
  );
}
