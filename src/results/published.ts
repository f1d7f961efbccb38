/** @file Published rows and the SUPERB score beside our own results, always told apart from them. */
import { UserError } from '../base/errors.js';
import { hintOfName } from '../base/names.js';
import type { Comparison, ComparisonColumn, ComparisonRow, PublishedRow } from './compare.js';
import {
  inPublishedUnit,
  publishedFraction,
  readSuperb,
  type Superb,
  superbName,
  superbScore,
  superbTask,
  superbTasks,
} from './superb.js';

/**
 * The comparison with published rows below.
 * @param wanted `superb`, or `superb:HuBERT Base,WavLM Base` for some of its encoders
 * @throws UserError for a table or an encoder that is not there
 */
export function withPublished(comparison: Comparison, wanted: string): Comparison {
  const [, table = '', list] = /^([^:]*)(?::(.*))?$/s.exec(wanted) ?? [];
  if (table !== 'superb') {
    throw new UserError(`--published: unknown table '${table}'`, {
      hint: "Expected superb, or superb:NAME,NAME for some of its encoders (see 'ehmam paper' for other tables)",
    });
  }
  const { rows, sources } = readSuperb();
  const names = rows.map(({ encoder }) => encoder);
  const chosen = list === undefined ? names : list.split(',').map((name) => name.trim());
  const published = chosen.map((name): PublishedRow => {
    const row = rows.find(({ encoder }) => encoder.toLowerCase() === name.toLowerCase());
    if (row === undefined)
      throw new UserError(`unknown published encoder '${name}'`, { hint: hintOfName(name, names) });
    return {
      label: row.encoder,
      source: sources[row.source] ?? row.source,
      values: comparison.columns.map((column) => publishedValue(row.metrics, column)),
      metrics: row.metrics,
    };
  });
  return { ...comparison, published };
}

/** As a fraction. */
function publishedValue(
  metrics: Superb['rows'][number]['metrics'],
  { task, metric }: ComparisonColumn,
): number | undefined {
  const name = Object.keys(metrics).find((each) => each.toLowerCase() === superbName(task, metric));
  const value = name === undefined ? null : (metrics[name] ?? null);
  return name === undefined || value === null ? undefined : publishedFraction(name, value);
}

/**
 * The comparison with the SUPERB score of every row that has all that it takes.
 * @param full the same records with all their metrics
 * @param always also where only some of SUPERB's tasks are there; the score is over these then
 */
export function withScore(comparison: Comparison, full: Comparison, always: boolean): Comparison {
  const constants = readSuperb().superb_score;
  const ours = full.rows.map((row) => metricsOf(row, full.columns, constants));
  const complete = (task: string): boolean =>
    Object.keys(constants.baseline)
      .filter((name) => superbTask(name) === task)
      .every((name) => ours.some((metrics) => metrics[name] !== undefined));
  const all = superbTasks(constants);
  const tasks = all.filter(complete);
  if (tasks.length < all.length && !always) return comparison;
  if (tasks.length === 0) {
    throw new UserError('no results of SUPERB tasks', {
      hint: `Remove --superb-score, or add results of ${all.join(', ')}`,
    });
  }
  const scored = (metrics: Readonly<Record<string, number | null>>) => {
    const score = superbScore(metrics, constants, tasks);
    return score === undefined ? {} : { score };
  };
  return {
    ...comparison,
    score: { tasks, of: all.length },
    rows: comparison.rows.map((row, i) => ({ ...row, ...scored(ours[i] ?? {}) })),
    ...(comparison.published !== undefined && {
      published: comparison.published.map((row) => ({ ...row, ...scored(row.metrics) })),
    }),
  };
}

/** A row's values by SUPERB's names and in its units; none where two columns would have the name. */
function metricsOf(
  row: ComparisonRow,
  columns: readonly ComparisonColumn[],
  { baseline }: Superb['superb_score'],
): Record<string, number> {
  const found = Object.keys(baseline).flatMap((name) => {
    const cells = columns.flatMap(({ task, metric }, i) =>
      superbName(task, metric) === name.toLowerCase() ? (row.cells[i]?.value ?? []) : [],
    );
    const [value] = cells;
    return value === undefined || cells.length > 1 ? [] : [[name, inPublishedUnit(name, value)] as const];
  });
  return Object.fromEntries(found);
}
