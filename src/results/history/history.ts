/** @file Results over time: each state of someone's work set beside the one before, by the gate's own test. */
import { type Comparison, compareRecords } from '../compare.js';
import { type GateCell, type GateOptions, type GatePair, judgePairs } from '../gate/verdict.js';
import type { StoredRecord } from '../record.js';
import type { State } from './states.js';

export interface HistoryOptions extends GateOptions {
  /** Told how many states are done. */
  readonly onState?: (done: number) => void;
}

/** How a value stands to the one before it. */
export type Change = 'regressed' | 'improved' | 'holds' | 'could not compare';

export interface HistoryPoint {
  /** Place among the states. */
  readonly state: number;
  /** Mean over seeds, with its 95 % interval. */
  readonly value: number;
  readonly interval?: readonly [low: number, high: number];
  readonly seeds: number;
  /** Missing at the first point of a series. */
  readonly change?: Change;
  /** The state that it was compared with: the last one before it that has the result. */
  readonly since?: number;
  /** This value less that one, its interval, and p after Holm's correction over the state's comparisons. */
  readonly difference?: number;
  readonly differenceInterval?: readonly [low: number, high: number];
  readonly pValue?: number;
  /** The smallest true loss that would most likely have been marked. */
  readonly detectable?: number;
  /** Why it could not be compared. */
  readonly why?: string;
}

/** The first metric of an encoder on a task. */
export interface HistorySeries {
  readonly encoder: string;
  readonly task: string;
  readonly taskLabel: string;
  readonly metric: string;
  readonly direction: 'higher' | 'lower';
  readonly points: readonly HistoryPoint[];
}

export interface History {
  readonly states: readonly Omit<State, 'records'>[];
  /** Task by task, in the order in which they come. */
  readonly series: readonly HistorySeries[];
  readonly tolerance: number;
  readonly level: number;
}

/** A series while it grows. */
interface Growing extends HistorySeries {
  readonly points: HistoryPoint[];
  /** Of its last point. */
  records: readonly StoredRecord[];
}

/**
 * The history of states in their order. An encoder is known by its name, since its weights are what changes.
 * @throws UserError where a state holds two records of one encoder, task and seed
 */
export async function historyOf(states: readonly State[], options: HistoryOptions): Promise<History> {
  const series = new Map<string, Growing>();
  for (const [place, state] of states.entries()) {
    const comparison = compareRecords(state.records);
    const found = cellsOf(comparison, state.records);
    const compared = found.flatMap((cell) => {
      const known = series.get(cell.key);
      return known === undefined ? [] : [{ cell, known }];
    });
    const pairs = compared.map(
      ({ cell, known }): GatePair => ({ label: cell.encoder, before: known.records, after: cell.records }),
    );
    const judged = await judgePairs(pairs, options);
    const verdicts = new Map(compared.map(({ cell }, i) => [cell.key, judged[i]]));
    for (const cell of found) {
      const { key, records, point, ...about } = cell;
      const known: Growing = series.get(key) ?? { ...about, points: [], records };
      const gate = verdicts.get(key);
      const change = gate === undefined ? {} : changeOf(gate, known.points.at(-1)?.state, options);
      known.points.push({ state: place, ...point, ...change });
      known.records = records;
      series.set(key, known);
    }
    options.onState?.(place + 1);
  }
  return {
    states: states.map(({ records, ...state }) => state),
    series: byTask([...series.values()].map(({ records, ...each }) => each)),
    tolerance: options.tolerance,
    level: options.level,
  };
}

interface FoundCell extends Omit<HistorySeries, 'points'> {
  /** The same in every state. */
  readonly key: string;
  readonly records: readonly StoredRecord[];
  readonly point: Pick<HistoryPoint, 'value' | 'interval' | 'seeds'>;
}

function cellsOf({ columns, rows }: Comparison, records: readonly StoredRecord[]): FoundCell[] {
  const byPath = new Map(records.map((stored) => [stored.path, stored]));
  return columns.flatMap(({ task, taskLabel, metric, direction }, i) =>
    rows.flatMap(({ label, cells }): FoundCell[] => {
      const cell = cells[i];
      if (cell === undefined) return [];
      const { value, interval, seeds } = cell;
      return [
        {
          ...{ encoder: label, task, taskLabel, metric, direction },
          key: JSON.stringify([label, taskLabel, metric]),
          records: cell.paths.flatMap((path) => byPath.get(path) ?? []),
          point: { value, seeds, ...(interval !== undefined && { interval }) },
        },
      ];
    }),
  );
}

function changeOf(
  cell: GateCell,
  since: number | undefined,
  { tolerance, level }: HistoryOptions,
): Partial<HistoryPoint> {
  const { verdict, difference, interval, pValue, detectable, why, direction } = cell;
  const better = (direction === 'higher' ? 1 : -1) * (difference ?? 0);
  const improved = pValue !== undefined && pValue < level && better > tolerance;
  return {
    change: improved ? 'improved' : verdict,
    ...(since !== undefined && { since }),
    ...(difference !== undefined && { difference }),
    ...(interval !== undefined && { differenceInterval: interval }),
    ...(pValue !== undefined && { pValue }),
    ...(detectable !== undefined && { detectable }),
    ...(why !== undefined && { why }),
  };
}

/** Series of one task together, tasks in the order in which they first came. */
function byTask(series: readonly HistorySeries[]): HistorySeries[] {
  const order = [...new Set(series.map(({ taskLabel }) => taskLabel))];
  return order.flatMap((label) => series.filter(({ taskLabel }) => taskLabel === label));
}

/** A change of a series, and where. */
export interface MarkedChange {
  readonly series: HistorySeries;
  readonly point: HistoryPoint;
}

/** The points that are marked: what regressed or improved, the oldest first. */
export function markedChanges(history: Pick<History, 'series'>, wanted: Change): MarkedChange[] {
  return history.series
    .flatMap((series) =>
      series.points.flatMap((point) => (point.change === wanted ? [{ series, point }] : [])),
    )
    .sort((a, b) => a.point.state - b.point.state);
}
