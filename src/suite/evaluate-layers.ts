/** @file One encoder on one task, hidden state by hidden state, from the features that its weighted sum was trained on. */
import type { LayerResult } from '../api/head-kind.js';
import type { JudgedRow } from '../api/task.js';
import { ownCommit } from '../base/package.js';
import type { Encoder } from '../encoders/encoder.js';
import { recordMetric } from '../results/intervals.js';
import type { LayersLine, NewLayers } from '../results/layers-file.js';
import { encoderEntry, engineEntry } from '../results/record-entries.js';
import { judgeRows, writtenValue } from '../results/rows.js';
import { speakersToDraw } from '../results/speakers.js';
import { type EvaluateOptions, openPlanned, type PartWork, worksOf } from './evaluate.js';
import type { PlannedTask } from './plan.js';

/** Of one seed: what is written of its hidden states. */
export interface LayersEvaluation {
  readonly layers: NewLayers;
  readonly lines: readonly LayersLine[];
}

/** Whether there is anything to train layer by layer: several hidden states, and a head that can be. */
export function hasLayers({ dims }: Pick<Encoder, 'dims'>, { head }: PlannedTask): boolean {
  const states = head.reading.layers?.length ?? dims.length;
  return head.kind.trainLayers !== undefined && states > 1;
}

/**
 * Trains and tests a head on every hidden state alone, from every seed.
 * @returns an evaluation a seed, in their order
 */
export async function evaluateLayers(
  encoder: Encoder,
  planned: PlannedTask,
  options: EvaluateOptions,
): Promise<LayersEvaluation[]> {
  const { seeds } = options;
  const { kind, settings, reading } = planned.head;
  const started = performance.now();
  const features = await openPlanned(encoder, planned, options);
  try {
    const { works } = worksOf(encoder, planned, features, options);
    const trained: PartOfSeeds[] = [];
    for (const each of works) {
      const work = { ...each.work, title: `${each.work.title}, layer by layer` };
      const results = await kind.trainLayers?.(work, each.part.planned.head.spec, settings, seeds);
      if (results === undefined)
        throw new Error(`heads of kind ${kind.kind} cannot be trained layer by layer`);
      trained.push({ work: each, results });
    }
    const seconds = (performance.now() - started) / 1000 / seeds.length;
    return seeds.map((seed, i) => {
      const parts = trained.map(({ work, results }) => ({
        work,
        results: results[i] as readonly LayerResult[],
      }));
      return layersOfSeed({ encoder, planned, options, seed, seconds }, parts, reading.layers);
    });
  } finally {
    await features.close();
  }
}

/** A task or a fold, and what came of it: of each seed a result a hidden state. */
interface PartOfSeeds {
  readonly work: PartWork;
  readonly results: readonly (readonly LayerResult[])[];
}

interface PartOfSeed {
  readonly work: PartWork;
  readonly results: readonly LayerResult[];
}

interface Evaluated {
  readonly encoder: Encoder;
  readonly planned: PlannedTask;
  readonly options: EvaluateOptions;
  readonly seed: number;
  readonly seconds: number;
}

function layersOfSeed(
  { encoder, planned, options: { engine }, seed, seconds }: Evaluated,
  parts: readonly PartOfSeed[],
  named: readonly number[] | undefined,
): LayersEvaluation {
  const { task, manifest, preset } = planned;
  const speakers = parts.flatMap(({ work }) => work.speakers);
  const drawn = speakersToDraw(task, speakers);
  const [first] = parts;
  if (first === undefined) throw new Error('no head was trained');
  const judged = first.results.map(({ layer }, i) => {
    const results = parts.map((part) => part.results[i] as LayerResult);
    const rows = parts.flatMap(({ work }, part) =>
      work.rowsOf((results[part] as LayerResult).predictions, 'test'),
    );
    return { layer: named?.[layer] ?? layer, results, rows };
  });
  const commit = ownCommit();
  return {
    layers: {
      encoder: encoderEntry(encoder),
      task: { name: task.name, version: task.version },
      manifest: { ...manifest },
      preset,
      seed,
      engine: engineEntry(engine),
      ...(commit !== undefined && { gitCommit: commit }),
      layers: judged.map(({ layer, results, rows }) => ({
        layer,
        metrics: metricsOf(planned, rows, drawn, seed),
        ...choiceOf(results),
      })),
      costs: { seconds },
      createdAt: new Date().toISOString(),
    },
    lines: (judged[0]?.rows ?? []).map(({ id, reference }, i) => ({
      id,
      reference: writtenValue(task, reference),
      predictions: judged.map(({ rows }) => writtenValue(task, rows[i]?.prediction ?? {})),
      ...(speakers[i] && { speaker: speakers[i] }),
    })),
  };
}

function metricsOf(
  { task }: PlannedTask,
  rows: readonly JudgedRow[],
  speakers: readonly string[] | undefined,
  seed: number,
): NewLayers['layers'][number]['metrics'] {
  const values = judgeRows(task, rows);
  return Object.fromEntries(
    task.metrics.flatMap((metric) => {
      const value = values[metric.name];
      return value === undefined
        ? []
        : [[metric.name, recordMetric(metric, value, rows.length, speakers, seed)] as const];
    }),
  );
}

/** What dev chose: of folds, the rate that all of them chose, and the mean of the metric. */
function choiceOf(
  results: readonly LayerResult[],
): Pick<NewLayers['layers'][number], 'chosen' | 'devMetric'> {
  const chosen = new Set(results.map((result) => result.chosen));
  const best = results.map(
    (result) => result.tried.find(({ learningRate }) => learningRate === result.chosen)?.devMetric as number,
  );
  return {
    chosen: chosen.size === 1 ? (results[0]?.chosen ?? null) : null,
    devMetric: best.reduce((sum, value) => sum + value, 0) / best.length,
  };
}
