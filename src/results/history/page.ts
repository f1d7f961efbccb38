/** @file A history as one page: what changed, then a chart and a table of every task. */
import type { Task } from '../../api/task.js';
import { runtimeVersions } from '../../base/versions.js';
import { plainLayout } from '../layout/layout.js';
import type { Chart } from '../page/chart.js';
import { copyButtons } from '../page/copy.js';
import type { PageContent, Section } from '../page/document.js';
import { figure } from '../page/figures.js';
import { type Html, html } from '../page/html.js';
import { layoutTable } from '../page/layout-table.js';
import { distinctSlugs, type Terms, termsOf } from '../page/terms.js';
import { percent, points } from '../table.js';
import {
  type Change,
  type History,
  type HistoryPoint,
  type HistorySeries,
  type MarkedChange,
  markedChanges,
} from './history.js';
import { changeText, historyLayout } from './text.js';

/** @param tasks those that are known: they say what tasks and metrics are */
export function historyPage(history: History, title: string, tasks: readonly Task[]): PageContent {
  const { states, series } = history;
  const terms = termsOf(tasks);
  const encoders = [...new Set(series.map(({ encoder }) => encoder))];
  const labels = [...new Set(series.map(({ taskLabel }) => taskLabel))];
  const slugs = distinctSlugs(labels);
  const parts = labels.map((label, i) => {
    const own = series.filter(({ taskLabel }) => taskLabel === label);
    return taskPart(history, own, `task-${slugs[i]}`, terms, encoders);
  });
  const changes = changesPart(history);
  const sections: Section[] = [
    ...(changes === undefined ? [] : [changes]),
    ...parts.map(({ section }) => section),
    { id: 'states', title: 'States', name: 'States', body: statesTable(history) },
  ];
  const days = [states[0], states.at(-1)].map((state) => state?.createdAt.slice(0, 10));
  return {
    title,
    facts: [
      `${states.length} states`,
      `${encoders.length} encoders`,
      `${labels.length} tasks`,
      days[0] === days[1] ? `${days[0]}` : `${days[0]} to ${days[1]}`,
    ],
    lead: leadOf(history),
    sections,
    charts: Object.assign({}, ...parts.map(({ charts }) => charts)) as PageContent['charts'],
    maker: `ehmam ${runtimeVersions().ehmam}`,
  };
}

/** The latest regressions first; the table has them all. */
const mostNamed = 3;

function leadOf(history: History): Html {
  const { states, tolerance, level } = history;
  const regressions = markedChanges(history, 'regressed').reverse();
  const named = regressions.slice(0, mostNamed).map((change) => changeText(history, change));
  const more = regressions.length > mostNamed ? `, and ${regressions.length - mostNamed} more` : '';
  const text =
    regressions.length === 0
      ? `No regression in ${states.length} states.`
      : `${regressions.length} ${regressions.length === 1 ? 'regression' : 'regressions'} in ${states.length} states: ${named.join('; ')}${more}.`;
  return html`<div class="lead" role="note"><p>${text}</p><p class="note">Each state is compared with the one before it as the gate does: worse by more than ${percent(tolerance)} points, p &lt; ${level}, paired, after Holm’s correction over the state. ▼ marks a regression, ▲ an improvement.</p></div>`;
}

function changesPart(history: History): Section | undefined {
  const wanted: readonly Change[] = ['regressed', 'improved', 'could not compare'];
  const changes = wanted
    .flatMap((change) => markedChanges(history, change))
    .sort((a, b) => b.point.state - a.point.state);
  if (changes.length === 0) return undefined;
  const layout = plainLayout(
    'state',
    ['task', 'encoder', 'change', 'before', 'after', 'Δ', 'p'],
    changes.map((change) => [history.states[change.point.state]?.label ?? '', changeCells(change)] as const),
  );
  return {
    id: 'changes',
    title: 'Changes',
    name: 'Changes',
    about: 'The newest first.',
    body: html`${layoutTable(layout, 'Changes')}${copyButtons(layout)}`,
  };
}

function changeCells({ series, point }: MarkedChange): string[] {
  const before = series.points.find(({ state }) => state === point.since);
  const { change = '', why, value, difference, pValue } = point;
  return [
    series.taskLabel,
    series.encoder,
    why === undefined ? change : `${change}: ${why}`,
    before === undefined ? '—' : percent(before.value),
    percent(value),
    difference === undefined ? '—' : points(difference),
    pValue === undefined ? '—' : pValue.toFixed(3),
  ];
}

function taskPart(
  history: History,
  series: readonly HistorySeries[],
  id: string,
  terms: Terms,
  encoders: readonly string[],
): { readonly section: Section; readonly charts: PageContent['charts'] } {
  const [first] = series;
  if (first === undefined) throw new Error('a task without a series');
  const title = terms.titleOf(first);
  const chart: Chart = {
    kind: 'history',
    axis: `${first.metric} %, ${first.direction} is better`,
    states: history.states.map(({ label }) => label),
    series: series.map((each) => ({
      label: each.encoder,
      colour: encoders.indexOf(each.encoder),
      points: each.points.map((point) => ({
        state: point.state,
        value: hundred(point.value),
        interval: point.interval && ([hundred(point.interval[0]), hundred(point.interval[1])] as const),
        change: point.change,
        note: noteOf(point),
      })),
    })),
  };
  const drawn = figure(`${id}-history`, `${first.metric} % of ${title}`, chart);
  const layout = historyLayout(history, series);
  const body = html`${drawn.markup}<details><summary>Table</summary>${layoutTable(layout, title)}${copyButtons(layout)}</details>`;
  const about = terms.meaningOf(first);
  return {
    section: { id, title, name: first.taskLabel, ...(about !== undefined && { about }), body },
    charts: drawn.charts,
  };
}

/** How the point stands to the one before it, for its tooltip. */
function noteOf({ change, difference, pValue, why }: HistoryPoint): string {
  if (why !== undefined) return `could not compare: ${why}`;
  if (difference === undefined || pValue === undefined) return '';
  return `Δ ${points(difference)}, p ${pValue.toFixed(3)}${change === 'holds' ? '' : `: ${change}`}`;
}

const hundred = (fraction: number): number => Number((fraction * 100).toPrecision(6));

function statesTable({ states }: History): Html {
  const layout = plainLayout(
    'state',
    ['revision', 'newest record', 'folder'],
    states.map(
      ({ label, revision, createdAt, folder }) =>
        [label, [revision, createdAt.slice(0, 16).replace('T', ' '), folder]] as const,
    ),
  );
  return html`${layoutTable(layout, 'States')}${copyButtons(layout)}`;
}
