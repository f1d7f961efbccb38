/** @file What each layer gives to each task: the learned weights of hidden states as a heat map. */
import { type Html, html } from './html.js';
import type { TaskResults, TaskRow } from './tasks.js';

/** A table a task: encoders by layers; the shade says how large a weight is among its encoder's. */
export function layerWeightTables(tasks: readonly TaskResults[]): Html {
  return html`<div class="figures wide">${tasks.map(({ column, rows }) => {
    const weights = rows
      .map((row) => [row.label, meanWeights(row)] as const)
      .filter(([, own]) => own.length > 0);
    if (weights.length === 0) return undefined;
    const layers = Math.max(...weights.map(([, own]) => own.length));
    const title = `${column.taskLabel}: weight of each hidden state, %`;
    return html`<figure><figcaption>${title}</figcaption><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table class="heat"><thead><tr><th scope="col">encoder</th>${Array.from({ length: layers }, (_, layer) => html`<th scope="col">${layer}</th>`)}</tr></thead><tbody>${weights.map(
      ([label, own]) =>
        html`<tr><th scope="row">${label}</th>${Array.from({ length: layers }, (_, layer) => weightCell(own, layer))}</tr>`,
    )}</tbody></table></div></figure>`;
  })}</div>
<p class="note">Hidden state 0 is the input of the first block. The darker a cell, the nearer it is to the largest weight of its row. An encoder of one hidden state has nothing to choose from.</p>`;
}

function weightCell(weights: readonly number[], layer: number): Html {
  const weight = weights[layer];
  if (weight === undefined) return html`<td></td>`;
  return html`<td class="h${shade(weight, Math.max(...weights))}">${(100 * weight).toFixed(1)}</td>`;
}

/** 0 to 10, for the classes of the style sheet. */
export function shade(value: number, largest: number): number {
  return largest > 0 ? Math.max(0, Math.min(10, Math.round((10 * value) / largest))) : 0;
}

/** Over seeds; those of the first where their number differs. */
function meanWeights({ records }: TaskRow): readonly number[] {
  const all = records.map(({ record }) => record.layerWeights);
  const first = all[0] ?? [];
  if (all.some((weights) => weights.length !== first.length)) return first;
  return first.map((_, i) => all.reduce((sum, weights) => sum + (weights[i] as number), 0) / all.length);
}
