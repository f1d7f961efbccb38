/** @file Places for charts: a picture for the eye, the same in words for a screen reader. */
import type { Chart } from './chart.js';
import { type Content, type Html, html } from './html.js';

/** A chart's place on the page, with the data that is drawn there. */
export interface Figure {
  readonly markup: Html;
  readonly charts: Readonly<Record<string, Chart>>;
}

export function figure(id: string, title: string, chart: Chart): Figure {
  return {
    markup: html`<figure><figcaption>${title}</figcaption><div class="chart ${chart.kind}" id="${id}" role="img" aria-label="${title}. ${inWords(chart)}"></div></figure>`,
    charts: { [id]: chart },
  };
}

/** One of several parts is shown, chosen by its tab. */
export function choice(
  id: string,
  name: string,
  parts: readonly (readonly [label: Content, part: Content])[],
): Html {
  if (parts.length === 1) return html`<p class="sole">${parts[0]?.[0]}</p>${parts[0]?.[1]}`;
  const panels = parts.map(
    ([, part], i) =>
      html`<div class="part" id="${id}-${i}" role="tabpanel" aria-labelledby="${id}-${i}-tab"${i === 0 ? undefined : html` hidden`}>${part}</div>`,
  );
  const tabs = parts.map(
    ([label], i) =>
      html`<button type="button" role="tab" id="${id}-${i}-tab" aria-controls="${id}-${i}" aria-selected="${i === 0 ? 'true' : 'false'}" tabindex="${i === 0 ? 0 : -1}">${label}</button>`,
  );
  return html`<div class="tabs" role="tablist" aria-label="${name}">${tabs}</div>${panels}`;
}

function inWords(chart: Chart): string {
  switch (chart.kind) {
    case 'intervals':
      return `${chart.axis}: ${chart.rows
        .map(
          ({ label, value, interval }) =>
            `${label} ${short(value)}${interval ? ` (${short(interval[0])} to ${short(interval[1])})` : ''}`,
        )
        .join('; ')}`;
    case 'curves':
      return `${chart.axis}, first and last: ${chart.series
        .map(({ label, points }) => `${label} ${short(points[0]?.[1])} to ${short(points.at(-1)?.[1])}`)
        .join('; ')}`;
    case 'layers':
      return `${chart.axis}, by hidden state: ${chart.series
        .map(
          ({ label, sum, points }) =>
            `${label} ${points.map(({ layer, value }) => `${layer}: ${short(value)}`).join(', ')}, weighted sum ${short(sum)}`,
        )
        .join('; ')}`;
    case 'history':
      return `${chart.axis}, from state to state: ${chart.series
        .map(
          ({ label, points }) =>
            `${label} ${points.map(({ state, value, change }) => `${chart.states[state]}: ${short(value)}${change === 'regressed' || change === 'improved' ? ` (${change})` : ''}`).join(', ')}`,
        )
        .join('; ')}`;
    case 'cost':
      return `${chart.axis} at ${chart.costAxis}: ${chart.points
        .map(({ label, cost, value }) => `${label} ${short(value)} at ${short(cost)}`)
        .join('; ')}`;
  }
}

const short = (value: number | undefined): string =>
  value === undefined ? '–' : String(Number(value.toPrecision(4)));
