/** @file Judges predictions made elsewhere: by the task's own code, with the intervals that records have. */
import { type JudgedRow, judgedColumns, type Task } from '../../api/task.js';
import { inPercent } from '../../base/decimal.js';
import { UserError } from '../../base/errors.js';
import { checkReadable } from '../../base/text.js';
import type { MetricValue } from '../../metrics/index.js';
import { recordMetric } from '../intervals.js';
import { type Layout, plainCell } from '../layout/layout.js';
import type { RecordMetric } from '../record.js';
import { judgeRows } from '../rows.js';
import { speakersToDraw } from '../speakers.js';
import { arrows } from '../table.js';
import { type ForeignPrediction, readForeignPredictions } from './predictions.js';
import { type Reference, readReferences } from './references.js';

/** What `ehmam score --json` prints. Values and intervals are in percent, but for metrics whose unit is a fraction. */
export interface Scored {
  readonly task: string;
  readonly version: number;
  readonly rows: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** 95 % bootstrap intervals, of the metrics that have one. */
  readonly interval: Readonly<Record<string, readonly [low: number, high: number]>>;
  /** What the bootstrap drew for each of them. */
  readonly intervalOver: Readonly<Record<string, NonNullable<RecordMetric['intervalOver']>>>;
  /** Why a metric has no interval. */
  readonly remarks: readonly string[];
}

/** Chosen once: the same files give the same intervals. */
const bootstrapSeed = 1;

/**
 * The metrics of predictions, which are matched with references by their ids.
 * @param split where it is given, of this split's references alone
 * @throws UserError with file and line: as the readers, an id without a prediction, a prediction without a reference
 */
export async function scorePredictions(
  task: Task,
  referencesFile: string,
  predictionsFile: string,
  split?: string,
): Promise<Scored> {
  await checkReadable(predictionsFile, 'the predictions file');
  const needed = judgedColumns(task);
  const references = await readReferences(referencesFile, task, needed.references, split);
  const predictions = await readForeignPredictions(predictionsFile, needed.predictions, task);
  const matched = matchedRows(references, predictions, referencesFile, predictionsFile);
  const rows = matched.map(({ row }) => row);
  const values = judged(task, matched, referencesFile, predictionsFile);
  const speakers = speakersToDraw(
    task,
    rows.map(({ reference }) => reference.speaker),
  );
  const remarks: string[] = [];
  const told = task.metrics.flatMap((metric) => {
    const value = values[metric.name];
    if (value === undefined) return [];
    const inUnit = metric.unit === 'fraction' ? (fraction: number) => fraction : inPercent;
    try {
      const { interval, intervalOver } = recordMetric(metric, value, rows.length, speakers, bootstrapSeed);
      return [
        { name: metric.name, value: inUnit(value.value), interval: interval?.map(inUnit), intervalOver },
      ];
    } catch (error) {
      // Few rows have a value, but none when they are drawn again.
      if (!(error instanceof UserError)) throw error;
      remarks.push(`no interval of ${metric.name}: ${error.message}`);
      return [
        { name: metric.name, value: inUnit(value.value), interval: undefined, intervalOver: undefined },
      ];
    }
  });
  const byName = <T>(partOf: (one: (typeof told)[number]) => T | undefined): Readonly<Record<string, T>> =>
    Object.fromEntries(
      told.flatMap((one) => {
        const part = partOf(one);
        return part === undefined ? [] : [[one.name, part] as const];
      }),
    );
  return {
    task: task.name,
    version: task.version,
    rows: rows.length,
    metrics: byName(({ value }) => value),
    interval: byName(({ interval }) => interval as readonly [number, number] | undefined),
    intervalOver: byName(({ intervalOver }) => intervalOver),
    remarks,
  };
}

/** A row, and where both of its sides stand. */
interface MatchedRow {
  readonly row: JudgedRow;
  readonly referenceLine: number;
  readonly predictionLine: number;
}

/** References with their predictions, in the order of the references. */
function matchedRows(
  references: readonly Reference[],
  predictions: ReadonlyMap<string, ForeignPrediction>,
  referencesFile: string,
  predictionsFile: string,
): MatchedRow[] {
  const known = new Set(references.map(({ id }) => id));
  for (const { id, line } of predictions.values()) {
    if (known.has(id)) continue;
    throw new UserError(`no reference for '${id}'`, {
      file: predictionsFile,
      line,
      hint: `Use ids of ${referencesFile}`,
    });
  }
  const missing = references.filter(({ id }) => !predictions.has(id));
  const [first] = missing;
  if (first !== undefined) {
    const more = missing.length > 1 ? ` (and ${missing.length - 1} more of ${references.length})` : '';
    throw new UserError(`no prediction for '${first.id}'${more}`, {
      file: referencesFile,
      line: first.line,
      hint: `Add it to ${predictionsFile}, or score only one split with --split`,
    });
  }
  return references.flatMap(({ id, columns, line: referenceLine }) => {
    const prediction = predictions.get(id);
    if (prediction === undefined) return [];
    const row = { id, prediction: prediction.columns, reference: columns };
    return [{ row, referenceLine, predictionLine: prediction.line }];
  });
}

/**
 * The task's metrics. What it refuses about one row is told with that row's place: the reference's where it would be refused
 * as its own prediction too.
 */
function judged(
  task: Task,
  matched: readonly MatchedRow[],
  referencesFile: string,
  predictionsFile: string,
): Readonly<Record<string, MetricValue>> {
  const refusal = (rows: readonly JudgedRow[]): string | undefined => {
    try {
      judgeRows(task, rows);
      return undefined;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return error.message;
    }
  };
  try {
    return judgeRows(
      task,
      matched.map(({ row }) => row),
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const bad = matched.find(({ row }) => refusal([row]) === error.message);
    if (bad === undefined) throw error;
    const { row, referenceLine, predictionLine } = bad;
    const names = Object.keys(row.prediction);
    const own = Object.fromEntries(names.map((name) => [name, row.reference[name] ?? '']));
    const ofReference =
      names.every((name) => row.reference[name] !== undefined) &&
      refusal([{ ...row, prediction: own }]) === error.message;
    throw new UserError(error.message, {
      file: ofReference ? referencesFile : predictionsFile,
      line: ofReference ? referenceLine : predictionLine,
      cause: error,
    });
  }
}

/** The table of a terminal. */
export function scoreLayout(scored: Scored, task: Task): Layout {
  const { rows, metrics, interval, intervalOver, remarks } = scored;
  const text = (name: string, value: number): string =>
    value.toFixed(task.metrics.find((metric) => metric.name === name)?.unit === 'fraction' ? 4 : 2);
  const over = [...new Set(Object.values(intervalOver))].join(', ');
  return {
    corner: 'metric',
    heads: [
      [task.name, `n ${rows}`],
      ['95 %', 'interval'],
    ],
    rows: task.metrics.flatMap(({ name, direction, unit }) => {
      const value = metrics[name];
      if (value === undefined) return [];
      const bounds = interval[name]?.map((bound) => text(name, bound));
      return {
        label: `${name}${unit === 'fraction' ? '' : ' %'} ${arrows[direction]}`,
        cells: [plainCell(text(name, value)), bounds && plainCell(bounds.join('–'))],
      };
    }),
    notes: [...(over === '' ? [] : [`intervals: bootstrap over ${over}`]), ...remarks],
  };
}
