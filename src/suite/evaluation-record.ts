/** @file What is written of a trained and tested head: its record, its predictions, their tensors. */
import type { HeadResult } from '../api/head-kind.js';
import type { JudgedRow } from '../api/task.js';
import { ownCommit, runtimeVersions } from '../base/package.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import type { Features } from '../features/store.js';
import { type TrainedHead, usualFrameType } from '../heads/trained.js';
import { recordMetric } from '../results/intervals.js';
import { recordedPath } from '../results/places.js';
import type { NewRecord, PredictionLine } from '../results/record.js';
import { judgeRows, writtenValue } from '../results/rows.js';
import { speakersToDraw } from '../results/speakers.js';
import { type NamedTensors, namedTensors } from '../results/tensors.js';
import type { PlannedTask } from './plan.js';

/** A record, and what stands beside it. */
export interface Evaluation {
  readonly record: NewRecord;
  readonly predictions: PredictionLine[];
  readonly tensors: NamedTensors;
  readonly head: TrainedHead;
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
  readonly rows: readonly JudgedRow[];
  readonly seed: number;
  /** Spent on the head's training and test. */
  readonly seconds: number;
}

/** The evaluation of one seed's head. */
export function evaluationOf(tested: Tested, result: HeadResult): Evaluation {
  const { planned, speakers, rows } = tested;
  return {
    record: recordOf(tested, result),
    predictions: rows.map(({ id, prediction, reference }, i) => ({
      id,
      prediction: writtenValue(planned.task, prediction),
      reference: writtenValue(planned.task, reference),
      ...(speakers[i] && { speaker: speakers[i] }),
    })),
    tensors: namedTensors(
      rows.map(({ id }) => id),
      result.predictions,
    ),
    head: { kind: planned.head.spec.kind, ...reducedBy(planned.head), ...result.head },
  };
}

/** What the head was given that is not all, or not as usual. */
function reducedBy({ kind, settings, reading }: PlannedTask['head']): Partial<TrainedHead> {
  const reads = kind.reads(settings);
  const frameType = reads.store === 'frames' && reads.type !== usualFrameType(kind) ? reads.type : undefined;
  return { ...reading, ...(frameType !== undefined && { frameType }) };
}

function recordOf(tested: Tested, result: HeadResult): NewRecord {
  const { encoder, planned, engine, features, skipped, seed, seconds } = tested;
  const { task, manifest, pairs, preset } = planned;
  const { languageModel } = result;
  const commit = ownCommit();
  return {
    encoder: {
      name: encoder.name,
      spec: recordedPath(encoder.spec),
      hash: encoder.hash,
      family: encoder.family,
    },
    task: { name: task.name, version: task.version },
    manifest: { ...manifest },
    ...(pairs !== undefined && { pairs: { ...pairs } }),
    preset,
    seed,
    learningRates: { tried: result.tried.map((rate) => ({ ...rate })), chosen: result.chosen },
    engine: { name: engine.name, provider: engine.provider, versions: { ...runtimeVersions() } },
    ...(languageModel !== undefined && { languageModel }),
    ...(commit !== undefined && { gitCommit: commit }),
    metrics: metricsOf(tested),
    layerWeights: [...result.layerWeights],
    ...(planned.head.reading.layers !== undefined && { layers: planned.head.reading.layers }),
    curve: result.curve.map((point) => ({ ...point })),
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

function metricsOf({ planned: { task }, speakers, rows, seed }: Tested): NewRecord['metrics'] {
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
