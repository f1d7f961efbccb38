/** @file Which class was taken for which, as tables: shares of a row, the classes that are confused the most. */
import type { Confusion } from '../../metrics/index.js';
import { plainLayout } from '../layout/layout.js';
import { copyButtons } from './copy.js';
import type { ConfusionCounts } from './digest.js';
import { type Html, html } from './html.js';
import { shade } from './layers.js';

const mostShown = 24;

/** A matrix and how many of its classes are shown under their own name. */
export interface ShownConfusion extends Confusion {
  readonly all: number;
  readonly shown: number;
}

/** The matrix of the classes with the most errors; the rest are one class. */
export function worstConfusion(counts: ConfusionCounts, most: number = mostShown): ShownConfusion {
  const errors = new Map<string, number>();
  const add = (name: string, amount: number): void => {
    errors.set(name, (errors.get(name) ?? 0) + amount);
  };
  for (const [reference, row] of counts)
    for (const [prediction, count] of row) {
      add(reference, reference === prediction ? 0 : count);
      add(prediction, reference === prediction ? 0 : count);
    }
  const names = [...errors].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
  const own = names.slice(0, names.length > most ? most : undefined).sort();
  const rest = names.length - own.length;
  const place = new Map(own.map((name, i) => [name, i]));
  const size = own.length + (rest > 0 ? 1 : 0);
  const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (const [reference, row] of counts)
    for (const [prediction, count] of row) {
      const cells = matrix[place.get(reference) ?? own.length] as number[];
      const column = place.get(prediction) ?? own.length;
      cells[column] = (cells[column] as number) + count;
    }
  const classes = rest > 0 ? [...own, `${rest} others`] : own;
  return { classes, counts: matrix, all: names.length, shown: own.length };
}

/** References are rows, predictions columns. */
export function confusionTable(title: string, counts: ConfusionCounts): Html {
  const { classes, counts: matrix, all, shown } = worstConfusion(counts);
  const layout = plainLayout(
    'said, taken for',
    classes,
    classes.map((name, i) => [name, matrix[i] ?? []]),
    [title],
  );
  const some =
    shown < all ? html`<p class="note">The ${shown} of ${all} classes with the most errors.</p>` : undefined;
  return html`<figure><figcaption>${title}</figcaption><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table class="heat confusion"><thead><tr><th scope="col"><span aria-hidden="true">said ↓ taken for →</span><span class="unseen">reference by prediction</span></th>${classes.map((name) => html`<th scope="col"><span>${name}</span></th>`)}</tr></thead><tbody>${matrix.map(
    (row, r) => {
      const sum = row.reduce((total, count) => total + count, 0);
      return html`<tr><th scope="row">${classes[r]}</th>${row.map((count, c) => confusionCell(count, sum, markOf(r, c, shown)))}</tr>`;
    },
  )}</tbody></table></div>${some}${copyButtons(layout)}</figure>`;
}

/** What falls on the class of the rest from the rest may be either. */
function markOf(row: number, column: number, shown: number): 'right' | 'wrong' | 'either' {
  if (row === shown && column === shown) return 'either';
  return row === column ? 'right' : 'wrong';
}

function confusionCell(count: number, sum: number, mark: 'right' | 'wrong' | 'either'): Html {
  if (count === 0) return html`<td></td>`;
  return html`<td class="${mark} h${shade(count, sum)}">${count}</td>`;
}
