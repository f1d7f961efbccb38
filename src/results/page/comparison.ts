/** @file The comparison as a table of the page that sorts by any column. */
import type { Comparison, ComparisonCell, ComparisonColumn } from '../compare.js';
import { arrows, intervalsText, markOf, percent, points, utterancesOf } from '../table.js';
import { type Html, html } from './html.js';

/** The table, and what its marks mean. */
export function comparisonTable(comparison: Comparison): Html {
  const { columns, rows, baseline } = comparison;
  const intervals = intervalsText(comparison);
  const tested = rows.some(({ cells }) => cells.some((cell) => cell?.pValue !== undefined));
  return html`<div class="scroll" role="region" aria-label="Comparison of encoders" tabindex="0">
<table class="comparison sortable">
<caption class="unseen">Encoders by tasks; a button in a column's head sorts by it</caption>
<thead><tr><th scope="col" aria-sort="none"><button type="button" class="sort">encoder</button></th>${columns.map((column, i) => head(column, utterancesOf(comparison, i)))}</tr></thead>
<tbody>${rows.map(
    ({ label, cells }) =>
      html`<tr><th scope="row" class="name" data-value="${label}">${label}${label === baseline ? html` <small>baseline</small>` : undefined}</th>${cells.map((cell, i) => body(cell, utterancesOf(comparison, i) === undefined))}</tr>`,
  )}</tbody>
</table></div>
<p class="note">In percent, over the test utterances${intervals === undefined ? undefined : html`; below a value, ${intervals}`}. <b class="best">Bold</b> is the best of a column.${
    baseline === undefined ? undefined : html` Δ is the difference from ${baseline} in percentage points.`
  }${tested ? html` <b>*</b> marks p &lt; 0.05, paired by utterance, after Holm’s correction over the table.` : undefined}</p>`;
}

function head(column: ComparisonColumn, utterances: number | undefined): Html {
  const { taskLabel, metric, direction } = column;
  return html`<th scope="col" class="number" aria-sort="none" data-direction="${direction}"><button type="button" class="sort">${taskLabel}</button><small>${metric} % <span aria-hidden="true">${arrows[direction]}</span><span class="unseen">, ${direction} is better</span>${utterances === undefined ? undefined : html` · n ${utterances}`}</small></th>`;
}

function body(cell: ComparisonCell | undefined, showUtterances: boolean): Html {
  if (cell === undefined) return html`<td class="number"><span aria-label="not tested">—</span></td>`;
  const { value, interval, seeds, deviation, difference, differenceInterval, best, utterances } = cell;
  return html`<td class="number" data-value="${value}">${
    best
      ? html`<b class="best">${percent(value)}</b><span class="unseen"> (best)</span>`
      : html`<span>${percent(value)}</span>`
  }${interval && html`<small>${percent(interval[0])}–${percent(interval[1])}</small>`}${
    seeds > 1 ? html`<small>${seeds} seeds, sd ${percent(deviation)}</small>` : undefined
  }${difference === undefined ? undefined : html`<small class="${markOf(cell) === '' ? 'difference' : 'difference sure'}">Δ ${points(difference)}${markOf(cell)}</small>`}${
    differenceInterval && html`<small>(${differenceInterval.map(points).join(' to ')})</small>`
  }${showUtterances ? html`<small>n ${utterances}</small>` : undefined}</td>`;
}
