/** @file The charts of results: intervals of every task, learning curves of heads, cost beside quality. */

import type { Chart, Charts } from './chart.js';
import { choice, type Figure, figure } from './figures.js';
import type { Html } from './html.js';
import { html } from './html.js';
import { axisOf, type TaskResults } from './tasks.js';

/** A part of the page and the charts in it. */
export interface Part {
  readonly markup: Html;
  readonly charts: Charts;
}

const hundred = (fraction: number): number => Number((fraction * 100).toPrecision(6));

/** A chart a task, side by side. */
export function intervalCharts(tasks: readonly TaskResults[]): Part {
  const figures = tasks.map(({ key, title, column, rows }) =>
    figure(`${key}-intervals`, title, {
      kind: 'intervals',
      axis: axisOf(column),
      rows: rows.map(({ label, colour, cell: { value, interval } }) => ({
        label,
        colour,
        value: hundred(value),
        interval: interval && [hundred(interval[0]), hundred(interval[1])],
      })),
    }),
  );
  return {
    markup: html`<div class="figures">${figures.map(({ markup }) => markup)}</div>`,
    charts: joined(figures),
  };
}

const curveMeasures = [
  ['devMetric', 'on dev'],
  ['devLoss', 'loss on dev'],
  ['trainLoss', 'loss on train'],
] as const;

/** What the tested heads (of the first seed, and of its first fold) did on the way; undefined where no record has a curve. */
export function headCurves(tasks: readonly TaskResults[]): Part | undefined {
  const parts = tasks.flatMap(({ key, title: task, name, column, rows }) => {
    const figures = curveMeasures.map(([measure, what]) => {
      const chart: Chart = {
        kind: 'curves',
        axis: measure === 'devMetric' ? axisOf(column) : 'loss, lower is better',
        series: rows.flatMap(({ label, colour, records: [{ record }] }) => {
          const points = (record.curve ?? record.folds?.[0]?.curve)?.map(
            (at) => [at.update, measure === 'devMetric' ? hundred(at[measure]) : at[measure]] as const,
          );
          return points === undefined || points.length === 0 ? [] : [{ label, colour, points }];
        }),
      };
      const title = measure === 'devMetric' ? `${column.metric} % ${what}` : what;
      return figure(`${key}-${measure}`, `${task}: ${title}`, chart);
    });
    const [first] = Object.values(figures[0]?.charts ?? {});
    if (first?.kind !== 'curves' || first.series.length === 0) return [];
    return [{ name, figures }];
  });
  if (parts.length === 0) return undefined;
  return byTask('heads', parts);
}

const costs = [
  ['seconds', 'seconds'],
  ['encoderFrames', 'encoder frames'],
  ['peakMemoryMB', 'peak memory, MB'],
] as const;

/** Every cost against the first metric, means over seeds. */
export function costCharts(tasks: readonly TaskResults[]): Part {
  const parts = tasks.map(({ key, title, name, column, rows }) => ({
    name,
    figures: costs.map(([cost, what]) =>
      figure(`${key}-${cost}`, `${title}: ${column.metric} % by ${what}`, {
        kind: 'cost',
        costAxis: what,
        axis: axisOf(column),
        points: rows.map(({ label, colour, cell, records }) => ({
          label,
          colour,
          cost: records.reduce((sum, { record }) => sum + record.costs[cost], 0) / records.length,
          value: hundred(cell.value),
        })),
      }),
    ),
  }));
  return byTask('costs', parts);
}

/** A choice of tasks, each with its figures. */
function byTask(
  key: string,
  parts: readonly { readonly name: Html; readonly figures: readonly Figure[] }[],
): Part {
  return {
    markup: choice(
      key,
      'Task',
      parts.map(({ name, figures }) => [
        name,
        html`<div class="figures small">${figures.map(({ markup }) => markup)}</div>`,
      ]),
    ),
    charts: joined(parts.flatMap(({ figures }) => figures)),
  };
}

const joined = (figures: readonly Figure[]): Charts =>
  Object.assign({}, ...figures.map(({ charts }) => charts)) as Charts;
