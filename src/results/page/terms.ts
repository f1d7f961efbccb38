/** @file The words of a page: tasks by what they are, and what each metric means, where a reader points at its name. */
import type { Task } from '../../api/task.js';
import type { ComparisonColumn } from '../compare.js';
import { arrows } from '../table.js';
import { type Html, html } from './html.js';

type Column = Pick<ComparisonColumn, 'task' | 'taskLabel' | 'metric' | 'direction'>;

export interface Terms {
  /** `speech recognition (asr)`; the name alone of a task without a title. */
  titleOf(column: Pick<Column, 'task' | 'taskLabel'>): string;
  /** The same as markup: on a narrow screen the name alone. */
  nameOf(column: Pick<Column, 'task' | 'taskLabel'>): Html;
  /** `wer % ↓`; the metric's meaning shows where a reader points at it, or comes to it by key. */
  metricOf(column: Column): Html;
  /** What the metric counts; undefined where its task does not say. */
  meaningOf(column: Column): string | undefined;
  /** The metrics of the columns and what they mean; undefined where none says. */
  glossary(columns: readonly Column[]): Html | undefined;
}

/** @param tasks those that are known: of others there are no words */
export function termsOf(tasks: readonly Task[]): Terms {
  const byName = new Map(tasks.map((task) => [task.name, task]));
  const wordsOf = ({ task }: Pick<Column, 'task'>): string | undefined => byName.get(task)?.title;
  const aboutOf = ({ task, metric }: Column): string | undefined =>
    byName.get(task)?.metrics.find(({ name }) => name === metric)?.about;
  return {
    titleOf: (column) => {
      const [name, rest] = nameParts(column.taskLabel);
      const words = wordsOf(column);
      return words === undefined ? column.taskLabel : `${words} (${name}${rest})`;
    },
    nameOf: (column) => {
      const [name, rest] = nameParts(column.taskLabel);
      const words = wordsOf(column);
      return words === undefined
        ? html`${column.taskLabel}`
        : html`<span class="words">${words} (</span>${name}${rest}<span class="words">)</span>`;
    },
    metricOf: (column) => {
      const { metric, direction } = column;
      const unit = html` % <span aria-hidden="true">${arrows[direction]}</span><span class="unseen">, ${direction} is better</span>`;
      const hint = html`<button type="button" class="hint" aria-describedby="${metricId(column)}">${metric}</button>`;
      return html`<span class="range">${aboutOf(column) === undefined ? metric : hint}${unit}</span>`;
    },
    meaningOf: aboutOf,
    glossary: (columns) => {
      const entries = new Map(
        columns.flatMap((column) => {
          const about = aboutOf(column);
          return about === undefined ? [] : [[metricId(column), { column, about }] as const];
        }),
      );
      if (entries.size === 0) return undefined;
      return html`<details class="glossary"><summary>What the metrics mean</summary><dl>${[...entries].map(
        ([id, { column, about }]) =>
          html`<div><dt>${column.metric} <small>${wordsOf(column) ?? column.task}</small></dt><dd id="${id}">${about}</dd></div>`,
      )}</dl></details>`;
    },
  };
}

/** Metrics of one name may mean different things in two tasks. */
const metricId = ({ task, metric }: Column): string => `metric-${slug(task)}-${slug(metric)}`;

/** `asr (clean)` is the name and what tells it from another column of that name. */
function nameParts(label: string): [name: string, rest: string] {
  const [, name, rest] = /^(.*) \((.*)\)$/.exec(label) ?? [];
  return name === undefined ? [label, ''] : [name, `, ${rest}`];
}

/** A text as a part of an id that stays the same from page to page. */
export function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'x'
  );
}

/** Slugs of texts, each once: a number follows where two would be alike. */
export function distinctSlugs(texts: readonly string[]): string[] {
  const taken = new Map<string, number>();
  return texts.map((text) => {
    const base = slug(text);
    const times = (taken.get(base) ?? 0) + 1;
    taken.set(base, times);
    return times === 1 ? base : `${base}-${times}`;
  });
}
