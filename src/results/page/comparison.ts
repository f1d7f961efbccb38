/** @file The comparison as a table of the page that sorts by any column, and folds into a block an encoder where it is narrow. */
import type { Comparison, ComparisonCell, ComparisonColumn } from '../compare.js';
import { arrows, intervalsText, layoutOf, markOf, percent, points, utterancesOf } from '../table.js';
import { copyButtons } from './copy.js';
import { type Html, html } from './html.js';
import type { Terms } from './terms.js';

/** Columns of a table that a laptop shows in full width; more are set closer. */
const mostRoomy = 5;

/** The table, and what its marks mean. */
export function comparisonTable(comparison: Comparison, terms: Terms): Html {
  const { columns, rows, baseline } = comparison;
  const intervals = intervalsText(comparison);
  const tested = rows.some(({ cells }) => cells.some((cell) => cell?.pValue !== undefined));
  const close = columns.length > mostRoomy;
  return html`<div class="scroll" role="region" aria-label="Comparison of encoders" tabindex="0">
<table class="comparison sortable${close ? ' close' : ''}">
<caption class="unseen">Encoders by tasks; a button in a column's head sorts by it</caption>
<thead><tr><th scope="col" aria-sort="none"><button type="button" class="sort">encoder</button></th>${columns.map((column, i) => head(column, terms, utterancesOf(comparison, i)))}</tr></thead>
<tbody>${rows.map(
    ({ label, cells }) =>
      html`<tr><th scope="row" class="name" data-value="${label}">${label}${label === baseline ? html` <small>baseline</small>` : undefined}</th>${cells.map((cell, i) => body(cell, columns[i], utterancesOf(comparison, i) === undefined))}</tr>`,
  )}</tbody>
</table></div>
${copyButtons(layoutOf(comparison))}
<p class="note">In percent, over the test utterances${intervals === undefined ? undefined : html`; below a value, ${intervals}`}. <b class="best">Bold</b> is the best of a column.${
    baseline === undefined ? undefined : html` Δ is the difference from ${baseline} in percentage points.`
  }${tested ? html` <b>*</b> marks p &lt; 0.05, paired by utterance, after Holm’s correction over the table.` : undefined}</p>
${terms.glossary(columns)}`;
}

function head(column: ComparisonColumn, terms: Terms, utterances: number | undefined): Html {
  return html`<th scope="col" class="number" aria-sort="none" data-direction="${column.direction}"><button type="button" class="sort">${terms.titleOf(column)}</button><small>${terms.metricOf(column)}${utterances === undefined ? undefined : html` · <span class="range">n ${utterances}</span>`}</small></th>`;
}

function body(
  cell: ComparisonCell | undefined,
  column: ComparisonColumn | undefined,
  showUtterances: boolean,
): Html {
  // Where the table is folded there is no head: each value says what it is.
  const what =
    column &&
    html`<span class="of" aria-hidden="true">${column.taskLabel} · ${column.metric} ${arrows[column.direction]}</span>`;
  if (cell === undefined) return html`<td class="number">${what}<span aria-label="not tested">—</span></td>`;
  const { value, interval, seeds, deviation, difference, differenceInterval, best, utterances } = cell;
  return html`<td class="number" data-value="${value}">${what}${
    best
      ? html`<b class="best">${percent(value)}</b><span class="unseen"> (best)</span>`
      : html`<span>${percent(value)}</span>`
  }${interval && html`<small class="range">${percent(interval[0])}–${percent(interval[1])}</small>`}${
    seeds > 1 ? html`<small>${seeds} seeds, sd ${percent(deviation)}</small>` : undefined
  }${difference === undefined ? undefined : html`<small class="${markOf(cell) === '' ? 'difference' : 'difference sure'}">Δ ${points(difference)}${markOf(cell)}</small>`}${
    differenceInterval && html`<small>(${differenceInterval.map(points).join(' to ')})</small>`
  }${showUtterances ? html`<small>n ${utterances}</small>` : undefined}</td>`;
}
