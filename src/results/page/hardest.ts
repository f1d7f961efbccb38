/** @file The utterances that encoders get wrong the most: what was said, what each one heard, and the sound. */
import { columnNames, type Task } from '../../api/task.js';
import { type AlignmentStep, isStatistic } from '../../metrics/index.js';
import type { PredictionLine } from '../record.js';
import { columnsOf, judgeRows, rowOf } from '../rows.js';
import { type Html, html } from './html.js';

/** One utterance and what encoders made of it. */
export interface HardUtterance {
  readonly id: string;
  readonly heard: readonly { readonly encoder: string; readonly line: PredictionLine }[];
  /** A WAV file as a data: URI. */
  readonly sound?: string | undefined;
}

/** A list of them; texts are shown aligned, with their errors marked. */
export function hardestList(task: Task, utterances: readonly HardUtterance[]): Html {
  return html`<ol class="utterances">${utterances.map((utterance) => item(task, utterance))}</ol>`;
}

function item(task: Task, { id, heard, sound }: HardUtterance): Html {
  const first = heard[0]?.line;
  if (first === undefined) return html``;
  const speaker = first.speaker === undefined ? undefined : html` · speaker ${first.speaker}`;
  return html`<li><div class="said"><span class="text">${valueText(task, first, 'reference')}</span> <small>${id}${speaker}</small></div>${
    sound === undefined
      ? undefined
      : html`<audio controls preload="none" src="${sound}" aria-label="${id}"></audio>`
  }<dl>${heard.map(({ encoder, line }) => html`<div><dt>${encoder}</dt><dd>${heardText(task, line)}</dd></div>`)}</dl></li>`;
}

function heardText(task: Task, line: PredictionLine): Html {
  const alignment = stepsOf(task, line);
  if (alignment !== undefined) return html`<span class="aligned">${alignment.map(step)}</span>`;
  const [prediction, reference] = (['prediction', 'reference'] as const).map((key) =>
    columnsOf(task, line[key]),
  );
  return html`${columnNames(task).map((column, i) => {
    const [is, wanted] = [prediction?.[column] ?? '', reference?.[column] ?? ''];
    const shown = is === '' ? '(nothing)' : is;
    const mark =
      is === wanted
        ? html`<span class="hit">${shown}</span>`
        : html`<span class="substitution">${shown}<span class="unseen"> (wrong)</span></span>`;
    return html`${i > 0 ? ' · ' : undefined}${mark}`;
  })}`;
}

/** How the task itself aligns the line; undefined where it does not. */
function stepsOf(task: Task, line: PredictionLine): readonly AlignmentStep[] | undefined {
  const [metric] = task.metrics;
  if (metric.kind === 'statistic' || metric.tensors !== undefined) return undefined;
  const value = judgeRows(task, [rowOf(task, line)], [metric])[metric.name];
  return value === undefined || isStatistic(value) ? undefined : value.alignments?.[0]?.steps;
}

function step(each: AlignmentStep): Html {
  switch (each.kind) {
    case 'hit':
      return html`<span class="hit">${each.hypothesis}</span> `;
    case 'substitution':
      return html`<span class="substitution"><del>${each.reference}</del> <ins>${each.hypothesis}</ins></span> `;
    case 'deletion':
      return html`<span class="deletion"><del>${each.reference}</del></span> `;
    case 'insertion':
      return html`<span class="insertion"><ins>${each.hypothesis}</ins></span> `;
  }
}

function valueText(task: Task, line: PredictionLine, key: 'prediction' | 'reference'): string {
  const columns = columnsOf(task, line[key]);
  return columnNames(task)
    .map((column) => columns[column] ?? '')
    .join(' · ');
}
