/** @file The YAML head of a model card: what the Hugging Face hub reads (huggingface.co/docs/hub/model-cards). */
import type { Comparison, ComparisonRow } from '../compare.js';

/** One entry of `model-index.results`: a task on a data set. */
export interface IndexedResult {
  readonly task: { readonly type: string; readonly name: string };
  readonly dataset: {
    readonly type: string;
    readonly name: string;
    readonly split: string;
    /** What tells this data from other data of the name. */
    readonly revision: string;
  };
  readonly metrics: readonly IndexedMetric[];
}

export interface IndexedMetric {
  readonly type: string;
  readonly name: string;
  readonly value: number;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface CardMetadata {
  readonly library_name: string;
  readonly pipeline_tag: string;
  readonly tags: readonly string[];
  readonly metrics?: readonly string[];
  readonly 'model-index': readonly [{ readonly name: string; readonly results: readonly IndexedResult[] }];
}

/**
 * The metadata of one row of a comparison of all metrics. Percent, as the hub shows word error rates and accuracies.
 * @param manifestOf how the records name a column's manifest
 * @param hubTaskOf what the hub calls the task of that name
 */
export function cardMetadata(
  name: string,
  row: ComparisonRow | undefined,
  { columns }: Pick<Comparison, 'columns'>,
  manifestOf: (hash: string) => string,
  hubTaskOf: (task: string) => string,
): CardMetadata {
  const results = new Map<string, IndexedResult & { metrics: IndexedMetric[] }>();
  columns.forEach(({ task, taskVersion, taskLabel, preset, metric, manifestHash }, i) => {
    const cell = row?.cells[i];
    if (cell === undefined) return;
    const result = results.get(taskLabel) ?? {
      task: {
        type: hubTaskOf(task),
        name: taskLabel,
      },
      dataset: {
        type: manifestOf(manifestHash).replace(/\.csv$/, ''),
        name: manifestOf(manifestHash),
        split: 'test',
        revision: manifestHash,
      },
      metrics: [],
    };
    results.set(taskLabel, result);
    result.metrics.push({
      type: metric,
      name: `Test ${metric} (%)`,
      value: rounded(cell.value),
      args: {
        ...(cell.interval !== undefined && { interval_95: cell.interval.map(rounded) }),
        utterances: cell.utterances,
        seeds: row?.seeds,
        task_version: taskVersion,
        preset,
        task,
      },
    });
  });
  const metrics = [
    ...new Set([...results.values()].flatMap((result) => result.metrics.map(({ type }) => type))),
  ];
  return {
    library_name: 'ehmam',
    pipeline_tag: 'feature-extraction',
    tags: ['audio', 'speech', 'self-supervised-learning', 'superb'],
    ...(metrics.length > 0 && { metrics }),
    'model-index': [{ name, results: [...results.values()] }],
  };
}

const rounded = (fraction: number): number => Number((100 * fraction).toFixed(2));
