/** @file Draws the charts of the page where they are seen, in the colours of its theme. */
import type { ECharts, EChartsOption } from 'echarts';
import type {
  Chart,
  Charts,
  CostChart,
  CurvesChart,
  HistoryChart,
  IntervalsChart,
  LayersChart,
} from '../chart.js';

declare const echarts: typeof import('echarts');

const symbols = ['circle', 'rect', 'triangle', 'diamond', 'pin', 'arrow'] as const;
const dashes = ['solid', 'dashed', 'dotted'] as const;
const colours = 8;

const charts = JSON.parse(document.getElementById('charts')?.textContent ?? '{}') as Charts;
const drawn = new Map<HTMLElement, ECharts>();

/** What a colour of the style sheet is in the present theme. */
const probe = document.createElement('span');
probe.hidden = true;
document.body.append(probe);
function colour(name: string): string {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}
const colourOf = (index: number): string => colour(`series-${index % colours}`);
const symbolOf = (index: number): string => symbols[Math.floor(index / colours) % symbols.length] ?? 'circle';

function draw(place: HTMLElement): void {
  const chart = charts[place.id];
  if (chart === undefined || place.clientWidth === 0) return;
  const instance = drawn.get(place) ?? echarts.init(place, undefined, { renderer: 'svg' });
  drawn.set(place, instance);
  instance.setOption({ ...common(), ...optionsOf(chart, place.clientWidth) }, true);
  instance.resize();
}

function common(): EChartsOption {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  return {
    animation: !still,
    animationDuration: 300,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour('ink') },
    // Drawn, not written as markup: a label that holds tags stays a label.
    tooltip: {
      renderMode: 'richText',
      confine: true,
      backgroundColor: colour('paper'),
      borderColor: colour('rule'),
      textStyle: { color: colour('ink'), fontSize: 12 },
    },
  };
}

function optionsOf(chart: Chart, width: number): EChartsOption {
  switch (chart.kind) {
    case 'intervals':
      return intervals(chart, width);
    case 'curves':
      return curves(chart);
    case 'layers':
      return layers(chart);
    case 'cost':
      return cost(chart);
    case 'history':
      return overStates(chart);
  }
}

const axisText = () => ({ color: colour('faint'), fontSize: 11 });
const axisLook = (name: string) => ({
  name,
  nameLocation: 'middle' as const,
  nameGap: 26,
  nameTextStyle: axisText(),
  axisLabel: { ...axisText(), hideOverlap: true },
  axisLine: { lineStyle: { color: colour('rule') } },
  splitLine: { lineStyle: { color: colour('rule'), width: 0.5 } },
});

/** Room for labels on every side of a grid. */
const fitted = { outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' } as const;

const legend = (itemWidth: number) => ({
  type: 'scroll' as const,
  top: 0,
  left: 0,
  itemWidth,
  textStyle: { color: colour('ink'), fontSize: 12 },
  pageIconColor: colour('accent'),
  pageIconInactiveColor: colour('rule'),
  pageIconSize: 10,
  pageTextStyle: { color: colour('faint'), fontSize: 11 },
});

const shown = (value: number): string => String(Number(value.toPrecision(4)));

function intervals({ axis, rows }: IntervalsChart, width: number): EChartsOption {
  const labels = rows.map(({ label }) => label);
  return {
    grid: { left: 8, right: 16, top: 8, bottom: 38, ...fitted },
    xAxis: { type: 'value', scale: true, ...axisLook(axis) },
    yAxis: {
      type: 'category',
      inverse: true,
      data: labels,
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: {
        color: colour('ink'),
        width: Math.min(160, width * 0.36),
        overflow: 'truncate',
        fontSize: 12,
      },
    },
    series: rows.flatMap(({ label, colour: index, value, interval }, y) => [
      {
        type: 'line' as const,
        silent: true,
        data: interval?.map((end) => [end, y]) ?? [],
        symbol: 'none',
        lineStyle: { color: colourOf(index), width: 3, opacity: 0.55 },
      },
      {
        type: 'scatter' as const,
        name: label,
        data: [[value, y]],
        symbol: symbolOf(index),
        symbolSize: 11,
        itemStyle: { color: colourOf(index), opacity: 1 },
        tooltip: {
          formatter: () =>
            `${label}\n${shown(value)}${interval ? ` (${shown(interval[0])} to ${shown(interval[1])})` : ''}`,
        },
      },
    ]),
  };
}

function curves({ axis, series }: CurvesChart): EChartsOption {
  return {
    grid: { left: 8, right: 18, top: 38, bottom: 34, ...fitted },
    legend: legend(22),
    tooltip: {
      ...(common().tooltip as object),
      trigger: 'axis',
      valueFormatter: (value) => (typeof value === 'number' ? shown(value) : String(value)),
    },
    xAxis: { type: 'value', ...axisLook('update'), splitLine: { show: false } },
    yAxis: { type: 'value', scale: true, ...axisLook(axis), nameLocation: 'end', name: '' },
    series: series.map(({ label, colour: index, points }) => ({
      type: 'line' as const,
      name: label,
      data: points.map(([x, y]) => [x, y]),
      showSymbol: points.length < 2,
      symbol: symbolOf(index),
      color: colourOf(index),
      lineStyle: { width: 2, type: dashes[Math.floor(index / colours) % dashes.length] ?? 'solid' },
    })),
  };
}

/** Apart, so that intervals of several encoders do not hide each other. */
const besides = (index: number, count: number): number => (index - (count - 1) / 2) * 0.08;

function layers({ axis, series }: LayersChart): EChartsOption {
  const last = Math.max(...series.flatMap(({ points }) => points.map(({ layer }) => layer)));
  return {
    grid: { left: 8, right: 18, top: 38, bottom: 34, ...fitted },
    legend: { ...legend(22), data: series.map(({ label }) => label) },
    xAxis: {
      type: 'value',
      min: -0.5,
      max: last + 0.5,
      minInterval: 1,
      ...axisLook('hidden state'),
      axisLabel: { ...axisText(), hideOverlap: true, showMinLabel: false, showMaxLabel: false },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      scale: true,
      ...axisLook(axis),
      axisLine: { onZero: false, lineStyle: { color: colour('rule') } },
      nameLocation: 'end',
      name: '',
    },
    series: series.flatMap(({ label, colour: index, sum, points }, i) => {
      const at = (layer: number): number => layer + besides(i, series.length);
      const color = colourOf(index);
      return [
        ...points.map(({ layer, interval }) => ({
          type: 'line' as const,
          silent: true,
          data: interval?.map((end) => [at(layer), end]) ?? [],
          symbol: 'none',
          lineStyle: { color, width: 2, opacity: 0.45 },
        })),
        {
          type: 'line' as const,
          name: label,
          data: points.map(({ layer, value }) => [at(layer), value]),
          symbol: symbolOf(index),
          symbolSize: 8,
          color,
          lineStyle: { width: 2, type: dashes[Math.floor(index / colours) % dashes.length] ?? 'solid' },
          markLine: {
            silent: true,
            symbol: 'none',
            label: { show: false },
            lineStyle: { color, type: 'dotted' as const, width: 1.5 },
            data: [{ yAxis: sum }],
          },
          tooltip: {
            formatter: (given: unknown) => {
              const point = points[(given as { readonly dataIndex: number }).dataIndex];
              if (point === undefined) return label;
              const { layer, value, interval } = point;
              const range = interval ? ` (${shown(interval[0])} to ${shown(interval[1])})` : '';
              return `${label}\nhidden state ${layer}: ${shown(value)}${range}\nweighted sum: ${shown(sum)}`;
            },
          },
        },
      ];
    }),
  };
}

function cost({ axis, costAxis, points }: CostChart): EChartsOption {
  return {
    grid: { left: 8, right: 24, top: 38, bottom: 38, ...fitted },
    legend: legend(12),
    xAxis: { type: 'value', scale: true, ...axisLook(costAxis) },
    yAxis: { type: 'value', scale: true, ...axisLook(axis), name: '' },
    series: points.map(({ label, colour: index, cost: x, value }) => ({
      type: 'scatter' as const,
      name: label,
      data: [[x, value]],
      symbol: symbolOf(index),
      symbolSize: 13,
      itemStyle: { color: colourOf(index) },
      tooltip: { formatter: () => `${label}\n${axis}: ${shown(value)}\n${costAxis}: ${shown(x)}` },
    })),
  };
}

function overStates({ axis, states, series }: HistoryChart): EChartsOption {
  return {
    grid: { left: 8, right: 18, top: 38, bottom: 34, ...fitted },
    legend: { ...legend(22), data: series.map(({ label }) => label) },
    xAxis: { type: 'category', data: [...states], ...axisLook(''), axisTick: { show: false } },
    yAxis: { type: 'value', scale: true, ...axisLook(axis), nameLocation: 'end', name: '' },
    series: series.flatMap(({ label, colour: index, points }) => {
      const color = colourOf(index);
      const joined = piecesOf(points);
      return [
        ...points.map(({ state, interval }) => ({
          type: 'line' as const,
          silent: true,
          data: interval?.map((end) => [state, end]) ?? [],
          symbol: 'none',
          lineStyle: { color, width: 2, opacity: 0.45 },
        })),
        ...joined.map((piece) => ({
          type: 'line' as const,
          name: label,
          data: piece.map((point) => ({ value: [point.state, point.value], ...markOf(point.change) })),
          symbol: symbolOf(index),
          symbolSize: 8,
          color,
          lineStyle: { width: 2, type: dashes[Math.floor(index / colours) % dashes.length] ?? 'solid' },
          tooltip: {
            formatter: (given: unknown) => {
              const point = piece[(given as { readonly dataIndex: number }).dataIndex];
              if (point === undefined) return label;
              const { state, value, interval, note } = point;
              const range = interval ? ` (${shown(interval[0])} to ${shown(interval[1])})` : '';
              return `${label}, ${states[state]}\n${shown(value)}${range}${note === '' ? '' : `\n${note}`}`;
            },
          },
        })),
      ];
    }),
  };
}

type HistoryPoint = HistoryChart['series'][number]['points'][number];

/** The points in pieces that are joined: what could not be compared with what was before begins a new one. */
function piecesOf(points: readonly HistoryPoint[]): HistoryPoint[][] {
  const pieces: HistoryPoint[][] = [];
  for (const point of points)
    if (pieces.length === 0 || point.change === 'could not compare') pieces.push([point]);
    else pieces.at(-1)?.push(point);
  return pieces;
}

/** Worse points down, better points up, in colours of their own. */
function markOf(change: HistoryPoint['change']): object {
  if (change !== 'regressed' && change !== 'improved') return {};
  const worse = change === 'regressed';
  return {
    symbol: 'triangle',
    symbolSize: 15,
    symbolRotate: worse ? 180 : 0,
    itemStyle: { color: colour(worse ? 'wrong' : 'right'), borderColor: colour('paper'), borderWidth: 1 },
  };
}

const places = [...document.querySelectorAll<HTMLElement>('.chart')];
for (const place of places) {
  const chart = charts[place.id];
  if (chart?.kind === 'intervals') place.style.height = `${62 + 30 * chart.rows.length}px`;
}
// A chart is drawn when its panel is first shown, and anew when its width changes.
const seen = new ResizeObserver((entries) => {
  for (const { target } of entries) draw(target as HTMLElement);
});
for (const place of places) seen.observe(place);
const drawAgain = (): void => {
  for (const place of drawn.keys()) draw(place);
};
document.addEventListener('themechange', drawAgain);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAgain);
