/** @file A history as text: a table a task, states by encoders, with what changed marked. */
import { markdownText } from '../layout/documents.js';
import type { Layout, LayoutCell } from '../layout/layout.js';
import { type TerminalOptions, terminalText } from '../layout/terminal.js';
import { arrows, percent, points } from '../table.js';
import {
  type History,
  type HistoryPoint,
  type HistorySeries,
  type MarkedChange,
  markedChanges,
} from './history.js';

/** The tables for a terminal, and a line that says whether anything regressed. */
export function historyText(history: History, options: TerminalOptions): string {
  return [
    ...historyLayouts(history).map((layout) => terminalText(layout, options)),
    historyLine(history),
  ].join('\n\n');
}

export function historyMarkdown(history: History): string {
  return [`**${historyLine(history)}**`, ...historyLayouts(history).map(markdownText)].join('\n\n');
}

/** `2 regressions in 5 states: ...`, with the terms of the test. */
export function historyLine(history: History): string {
  const { states, tolerance, level } = history;
  const regressions = markedChanges(history, 'regressed');
  const terms = `tolerance ${percent(tolerance)} points, p < ${level}`;
  const counted = (count: number, name: string): string => `${count} ${name}${count === 1 ? '' : 's'}`;
  if (regressions.length === 0) return `no regression in ${counted(states.length, 'state')} (${terms})`;
  const places = regressions.map((change) => changeText(history, change));
  return `${counted(regressions.length, 'regression')} in ${counted(states.length, 'state')}: ${places.join('; ')} (${terms})`;
}

/** `tiny on ks at 1a2b3c4d: 90.00 to 80.00` */
export function changeText({ states }: Pick<History, 'states'>, { series, point }: MarkedChange): string {
  const before = series.points.find(({ state }) => state === point.since);
  const from = before === undefined ? '' : `${percent(before.value)} to `;
  return `${series.encoder} on ${series.taskLabel} at ${states[point.state]?.label}: ${from}${percent(point.value)}`;
}

/** A table a task: a row a state, a column an encoder. */
export function historyLayouts(history: History): Layout[] {
  const tasks = [...new Set(history.series.map(({ taskLabel }) => taskLabel))];
  return tasks.map((label) =>
    historyLayout(
      history,
      history.series.filter(({ taskLabel }) => taskLabel === label),
    ),
  );
}

/** The table of the series of one task. */
export function historyLayout({ states }: History, series: readonly HistorySeries[]): Layout {
  const changed = series.some(({ points: all }) => all.some(({ difference }) => difference !== undefined));
  return {
    corner: `${series[0]?.taskLabel}: state`,
    heads: series.map(({ encoder, metric, direction }) => [encoder, `${metric} % ${arrows[direction]}`]),
    rows: states.map(({ label }, i) => ({
      label,
      cells: series.map(({ points: all }) => {
        const point = all.find(({ state }) => state === i);
        return point && cellOf(point);
      }),
    })),
    notes: [
      'percent, and the 95 % interval',
      ...(changed
        ? [
            'Δ: percentage points since the previous state, with its p-value (paired by utterance, Holm over the state)',
          ]
        : []),
    ],
  };
}

function cellOf(point: HistoryPoint): LayoutCell {
  const { value, interval, change, difference, pValue } = point;
  const tested =
    difference === undefined || pValue === undefined
      ? []
      : [`Δ ${points(difference)}, p ${pValue.toFixed(3)}`];
  return {
    value: percent(value),
    best: change === 'regressed',
    details: [
      ...(interval === undefined ? [] : [`${percent(interval[0])}–${percent(interval[1])}`]),
      ...tested,
      ...(change === undefined || change === 'holds' ? [] : [change]),
    ],
  };
}
