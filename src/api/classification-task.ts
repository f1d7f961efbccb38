/** @file What the utterance classification tasks (KS, SID, IC) share: classes of the train split, accuracy over slots. */

import { UserError } from '../base/errors.js';
import type { Utterance } from '../data/rows.js';
import { accuracy, type RatioMetric } from '../metrics/index.js';
import type { PooledSpec } from './head-spec.js';
import { type Columns, type JudgedRow, splits, type Task, type TaskData } from './task.js';

/** A task that names one class a column; an utterance is right when every column is. */
export function classificationTask(
  task: Pick<Task, 'name' | 'version' | 'summary' | 'title'> & {
    readonly columns: readonly [string, ...string[]];
  },
): Task<PooledSpec> {
  return {
    ...task,
    classes: task.columns,
    hubTask: 'audio-classification',
    headKind: 'pooled-linear',
    metrics: [{ name: 'accuracy', direction: 'higher', about: accuracyText(task.columns.length) }],
    complaints: (data) => complaintsOf(data, task.columns),
    head(data) {
      for (const complaint of complaintsOf(data, task.columns)) throw complaint;
      return { kind: 'pooled-linear', slots: task.columns.map((column) => slotOf(data, column)) };
    },
    evaluate: (rows) => ({ accuracy: accuracyOf(task.columns, rows) }),
  };
}

const accuracyText = (columns: number): string =>
  columns === 1
    ? 'Share of the utterances whose class is predicted right.'
    : `Share of the utterances of which all ${columns} classes are predicted right.`;

function slotOf({ train }: TaskData, column: string): PooledSpec['slots'][number] {
  return { column, classes: [...new Set(train.map(({ columns }) => columns[column] ?? ''))].sort() };
}

function* complaintsOf(data: TaskData, columns: readonly string[]): Generator<UserError> {
  for (const column of columns) {
    const labelOf = (utterance: Utterance): string => utterance.columns[column] ?? '';
    for (const utterance of splits.flatMap((split) => data[split])) {
      if (labelOf(utterance) !== '') continue;
      yield new UserError(`utterance '${utterance.id}' has no ${column}`, {
        file: utterance.manifest,
        line: utterance.line,
        hint: `Fill the column '${column}'`,
      });
    }
    const classes = new Set(data.train.map(labelOf).filter((label) => label !== ''));
    const [first] = data.train;
    if (first !== undefined && classes.size < 2) {
      yield new UserError(`all train utterances have the same ${column} '${[...classes][0] ?? ''}'`, {
        file: first.manifest,
        hint: 'A classifier needs at least two classes in the train split',
      });
    }
    for (const utterance of [...data.dev, ...data.test]) {
      const label = labelOf(utterance);
      if (label === '' || classes.has(label)) continue;
      yield new UserError(
        `${column} '${label}' of split '${utterance.split}' does not occur in the train split`,
        {
          file: utterance.manifest,
          line: utterance.line,
          hint: `Add train utterances with this ${column}, or remove this row`,
        },
      );
    }
  }
}

/** The share of utterances whose every column is predicted right. */
function accuracyOf(columns: readonly string[], rows: readonly JudgedRow[]): RatioMetric {
  const labels = (row: Columns): string[] => columns.map((column) => row[column] ?? '');
  const { rate, shares } = accuracy(
    rows.map(({ prediction }) => labels(prediction)),
    rows.map(({ reference }) => labels(reference)),
  );
  return { value: rate, shares };
}
