/** @file What each layer gives to each task: the learned weights of hidden states, and what heads on one alone are worth. */
import type { LayerCell, LayerTable } from '../compare.js';
import { plainLayout } from '../layout/layout.js';
import { layerLayouts, percent } from '../table.js';
import { copyButtons } from './copy.js';
import { figure } from './figures.js';
import { type Html, html } from './html.js';
import type { Part } from './quality.js';
import type { TaskResults, TaskRow } from './tasks.js';
import { distinctSlugs, type Terms } from './terms.js';

/** A table a task: encoders by layers; the shade says how large a weight is among its encoder's. */
export function layerWeightTables(tasks: readonly TaskResults[]): Html {
  return html`<div class="figures wide">${tasks.map(({ title: task, rows }) => {
    const weights = rows
      .map((row) => [row.label, meanWeights(row)] as const)
      .filter(([, own]) => own.length > 0);
    if (weights.length === 0) return undefined;
    const layers = Math.max(...weights.map(([, own]) => own.length));
    const title = `${task}: weight of each hidden state, %`;
    const layout = plainLayout(
      title,
      Array.from({ length: layers }, (_, layer) => layer),
      weights.map(([label, own]) => [label, own.map((weight) => weight && (100 * weight).toFixed(1))]),
    );
    return html`<figure><figcaption>${title}</figcaption><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table class="heat"><thead><tr><th scope="col">encoder</th>${Array.from({ length: layers }, (_, layer) => html`<th scope="col">${layer}</th>`)}</tr></thead><tbody>${weights.map(
      ([label, own]) =>
        html`<tr><th scope="row">${label}</th>${Array.from({ length: layers }, (_, layer) => weightCell(own, layer))}</tr>`,
    )}</tbody></table></div>${copyButtons(layout)}</figure>`;
  })}</div>
<p class="note">Hidden state 0 is the input of the first block. The darker a cell, the nearer it is to the largest weight of its row. An encoder of one hidden state has nothing to choose from.</p>`;
}

function weightCell(weights: readonly (number | undefined)[], layer: number): Html {
  const weight = weights[layer];
  if (weight === undefined) return html`<td></td>`;
  const largest = Math.max(...weights.map((each) => each ?? 0));
  return html`<td class="h${shade(weight, largest)}">${(100 * weight).toFixed(1)}</td>`;
}

/** 0 to 10, for the classes of the style sheet. */
export function shade(value: number, largest: number): number {
  return largest > 0 ? Math.max(0, Math.min(10, Math.round((10 * value) / largest))) : 0;
}

/** Over seeds, by hidden state; those of the first where their number differs, nothing of those that were not read. */
function meanWeights({ records }: TaskRow): readonly (number | undefined)[] {
  const all = records.map(({ record }) => record.layerWeights);
  const first = all[0] ?? [];
  const even = all.every((weights) => weights.length === first.length);
  const means = even
    ? first.map((_, i) => all.reduce((sum, weights) => sum + (weights[i] as number), 0) / all.length)
    : first;
  const { layers } = records[0].record;
  if (layers === undefined) return means;
  return Array.from({ length: 1 + Math.max(...layers) }, (_, layer) => means[layers.indexOf(layer)]);
}

/** What each hidden state alone is worth, task by task: a chart, and the same as a table. */
export function singleLayers(tables: readonly LayerTable[], terms: Terms): Part {
  const keys = distinctSlugs(tables.map(({ taskLabel }) => taskLabel));
  const figures = tables.map((table, i) => {
    const { metric, direction, rows } = table;
    return figure(`layers-${keys[i]}`, `${terms.titleOf(table)}: ${metric} % of heads on one hidden state`, {
      kind: 'layers',
      axis: `${metric} %, ${direction} is better`,
      series: rows.map(({ label, row, sum, layers }) => ({
        label,
        colour: row,
        sum: hundred(sum.value),
        points: layers.flatMap((cell, layer) =>
          cell === undefined
            ? []
            : [
                {
                  layer,
                  value: hundred(cell.value),
                  interval:
                    cell.interval && ([hundred(cell.interval[0]), hundred(cell.interval[1])] as const),
                },
              ],
        ),
      })),
    });
  });
  return {
    markup: html`<div class="figures">${figures.map(({ markup }) => markup)}</div><div class="figures wide">${tables.map((table) => valuesTable(table, terms))}</div>
<p class="note">Heads that saw one hidden state each, trained as those on the weighted sum, which the dotted lines are. Intervals are of 95 %.</p>`,
    charts: Object.assign({}, ...figures.map(({ charts }) => charts)) as Part['charts'],
  };
}

const hundred = (fraction: number): number => Number((fraction * 100).toPrecision(6));

function valuesTable(table: LayerTable, terms: Terms): Html {
  const { metric, direction, rows } = table;
  const count = Math.max(...rows.map(({ layers }) => layers.length));
  const title = `${terms.titleOf(table)}: ${metric} % of each hidden state alone`;
  const head = html`<tr><th scope="col">encoder</th>${Array.from({ length: count }, (_, layer) => html`<th scope="col">${layer}</th>`)}<th scope="col">sum</th></tr>`;
  const body = rows.map(({ label, layers, sum }) => {
    const values = layers.flatMap((cell) => cell?.value ?? []);
    const best = direction === 'higher' ? Math.max(...values) : Math.min(...values);
    const cells = Array.from({ length: count }, (_, layer) =>
      valueCell(layers[layer], layers[layer]?.value === best),
    );
    return html`<tr><th scope="row">${label}</th>${cells}${valueCell(sum, false)}</tr>`;
  });
  return html`<figure><figcaption>${title}</figcaption><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table class="heat"><thead>${head}</thead><tbody>${body}</tbody></table></div>${layerLayouts({ layers: [table] }).map(copyButtons)}</figure>`;
}

function valueCell(cell: LayerCell | undefined, best: boolean): Html {
  if (cell === undefined) return html`<td></td>`;
  const { value, interval } = cell;
  const range = interval && html`<br><small>${percent(interval[0])}–${percent(interval[1])}</small>`;
  return html`<td>${best ? html`<b class="best">${percent(value)}</b>` : percent(value)}${range}</td>`;
}
