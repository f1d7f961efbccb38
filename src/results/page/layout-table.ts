/** @file A laid out table as a table of the page. */
import type { Layout } from '../layout/layout.js';
import { type Html, html } from './html.js';

/** @param name for screen readers */
export function layoutTable({ corner, heads, rows, notes }: Layout, name: string): Html {
  const head = heads.map(([first = '', ...more]) => html`<th scope="col">${first}${small(more)}</th>`);
  const body = rows.map(
    ({ label, cells }) =>
      html`<tr><th scope="row">${label}</th>${cells.map((cell) =>
        cell === undefined
          ? html`<td>—</td>`
          : html`<td>${cell.best ? html`<b class="best">${cell.value}</b>` : cell.value}${small(cell.details)}</td>`,
      )}</tr>`,
  );
  return html`<div class="scroll" role="region" aria-label="${name}" tabindex="0"><table class="plain"><thead><tr><th scope="col">${corner}</th>${head}</tr></thead><tbody>${body}</tbody></table></div>${notes.map((note) => html`<p class="note">${note}</p>`)}`;
}

const small = (lines: readonly string[]): Html[] => lines.map((line) => html`<small>${line}</small>`);
