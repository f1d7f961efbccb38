/** @file What a comparison's table shows: values in percent, arrows, intervals, seeds, differences, and what marks mean. */
import { inPercent } from '../base/decimal.js';
import { familyFactor } from '../metrics/index.js';
import type { Comparison, ComparisonCell, ComparisonColumn, LayerCell } from './compare.js';
import { type Layout, type LayoutCell, plainCell } from './layout/layout.js';
import { scoreNotes } from './superb.js';

export const arrows = { higher: '↑', lower: '↓' } as const;

/** Behind the names of published rows. */
export const publishedMark = '†';

/** A fraction in percent with two decimals. */
export function percent(fraction: number): string {
  return (fraction * 100).toFixed(2);
}

/** What others published: rounded as they print it; with all its digits where that would leave one or none (0.00085). */
export function publishedText(value: number, decimals = 2): string {
  return value !== 0 && Math.abs(value) < 10 ** (1 - decimals) ? String(value) : value.toFixed(decimals);
}

/** A difference of fractions in percentage points, with its sign. */
export function points(difference: number): string {
  const text = percent(difference);
  return /^-?0\.00$/.test(text) ? '±0.00' : difference > 0 ? `+${text}` : text;
}

/** A star where a difference is significant at 5 % over the whole table. */
export function markOf({ pValue }: ComparisonCell): string {
  return pValue !== undefined && pValue < 0.05 ? ' *' : '';
}

/** The number of utterances that every cell of a column is over, or undefined where they differ. */
export function utterancesOf(comparison: Comparison, column: number): number | undefined {
  const counts = new Set(comparison.rows.flatMap((row) => row.cells[column]?.utterances ?? []));
  return counts.size === 1 ? [...counts][0] : undefined;
}

export interface TableOptions {
  /** Whether it says at every difference what the test set could have shown. */
  readonly power?: boolean | undefined;
}

/** The comparison as a table of texts: our rows, then the published ones; the SUPERB score last. */
export function layoutOf(comparison: Comparison, { power = false }: TableOptions = {}): Layout {
  const { columns, rows, published = [], score } = comparison;
  const utterances = columns.map((_, i) => utterancesOf(comparison, i));
  const bestScore = Math.max(...rows.map((row) => row.score ?? Number.NEGATIVE_INFINITY));
  const scoreCell = (value: number | undefined, best: boolean): LayoutCell | undefined =>
    value === undefined ? undefined : { ...plainCell(value.toFixed(1)), best };
  return {
    corner: 'encoder',
    heads: [
      ...columns.map((column, i) => headLines(column, utterances[i])),
      ...(score === undefined ? [] : [['SUPERB', 'score ↑', `${score.tasks.length} of ${score.of} tasks`]]),
    ],
    rows: [
      ...rows.map((row) => ({
        label: row.label,
        cells: [
          ...row.cells.map((cell, i) => cell && cellOf(cell, utterances[i] === undefined, power)),
          ...(score === undefined ? [] : [scoreCell(row.score, row.score === bestScore)]),
        ],
      })),
      ...published.map((row) => ({
        label: `${row.label} ${publishedMark}`,
        cells: [
          ...row.values.map((value) =>
            value === undefined ? undefined : plainCell(publishedText(inPercent(value))),
          ),
          ...(score === undefined ? [] : [scoreCell(row.score, false)]),
        ],
      })),
    ],
    notes: [...notesOf(comparison), ...(power ? powerNotes(comparison) : [])],
  };
}

/** The tables of hidden states: a row a hidden state, a column an encoder; the best of each column stands out. */
export function layerLayouts({ layers = [] }: Pick<Comparison, 'layers'>): Layout[] {
  return layers.map(({ taskLabel, metric, direction, rows }): Layout => {
    const count = Math.max(...rows.map((row) => row.layers.length));
    const better = direction === 'higher' ? Math.max : Math.min;
    const best = rows.map((row) => better(...row.layers.flatMap((cell) => cell?.value ?? [])));
    const cell = (layer: LayerCell | undefined, isBest: boolean): LayoutCell | undefined =>
      layer && {
        value: percent(layer.value),
        best: isBest,
        details:
          layer.interval === undefined ? [] : [`${percent(layer.interval[0])}–${percent(layer.interval[1])}`],
      };
    return {
      corner: `${taskLabel}: hidden state`,
      heads: rows.map(({ label }) => [label, `${metric} % ${arrows[direction]}`]),
      rows: [
        ...Array.from({ length: count }, (_, number) => ({
          label: String(number),
          cells: rows.map(({ layers: own }, i) => cell(own[number], own[number]?.value === best[i])),
        })),
        { label: 'weighted sum', cells: rows.map(({ sum }) => cell(sum, false)) },
      ],
      notes: [`one head per hidden state (0 is the input of the first block); percent, with 95 % interval`],
    };
  });
}

/** What is said of the intervals of a comparison; undefined where no value has one. */
export function intervalsText({ rows }: Pick<Comparison, 'rows'>): string | undefined {
  const cells = rows.flatMap((row) => row.cells.filter((cell) => cell !== undefined));
  const shown = cells.filter(({ interval }) => interval !== undefined);
  if (shown.length === 0) return undefined;
  const own = shown.some(({ intervalOver }) => intervalOver === 'units');
  const over = own ? 'utterances, speakers, or other units of a metric' : 'utterances or speakers';
  return `95 % interval${shown.length < cells.length ? ' where available' : ''} (bootstrap over ${over})`;
}

/** What the marks of a table mean, and where published values come from. */
function notesOf({ columns, rows, baseline, published = [], score }: Comparison): string[] {
  const any = (test: (cell: ComparisonCell) => boolean): boolean =>
    rows.some((row) => row.cells.some((cell) => cell !== undefined && test(cell)));
  const intervals = intervalsText({ rows });
  return [
    intervals === undefined ? 'percent' : `percent, with ${intervals}`,
    ...(any(({ seeds }) => seeds > 1)
      ? [
          `several seeds: mean${intervals === undefined ? '' : ', with an interval that includes the variation between seeds'}`,
        ]
      : []),
    ...(baseline === undefined
      ? []
      : [
          `Δ: percentage points from ${baseline}${any((cell) => cell.pValue !== undefined) ? ', with 95 % interval' : ''}`,
        ]),
    ...(any((cell) => cell.pValue !== undefined)
      ? ['* p < 0.05 (test paired by utterance, Holm-corrected over the table)']
      : []),
    ...columns.flatMap(({ taskLabel, chosenOnTest }) =>
      chosenOnTest === undefined
        ? []
        : [`${taskLabel}: ${chosenOnTest} selected on the test split, as in the reference`],
    ),
    ...(published.length > 0
      ? [
          `${publishedMark} published by others on SUPERB's data, not measured by ehmam: ${sourcesOf(published)}`,
        ]
      : []),
    ...(score === undefined ? [] : scoreNotes(score)),
  ];
}

/** What "could show" means, and how much more it takes after the correction for many comparisons. */
function powerNotes({ rows }: Comparison): string[] {
  const tested = rows.flatMap((row) => row.cells.filter((cell) => cell?.pValue !== undefined));
  if (tested.length === 0) return [];
  const unknown = tested.some((cell) => cell?.detectable === undefined);
  return [
    `could show: the smallest true difference, in points, that this test set would find in 4 of 5 cases (p < 0.05, paired)${familyText(tested.length)}`,
    ...(unknown ? ['could show ?: unknown, because both encoders predicted the same'] : []),
  ];
}

/** How much more it takes where a table of comparisons shares one level. */
export function familyText(comparisons: number, level = 0.05): string {
  if (comparisons < 2) return '';
  return `; a single one among ${comparisons} must be ${familyFactor(comparisons, { level }).toFixed(2)} times as large after Holm's correction`;
}

/** `could show 2.10`, where a difference was tested. */
function couldShow({ pValue, detectable }: ComparisonCell): string[] {
  return pValue === undefined ? [] : [`could show ${detectable === undefined ? '?' : percent(detectable)}`];
}

/** `A, B (where from); C (where from)`. */
function sourcesOf(rows: NonNullable<Comparison['published']>): string {
  const bySource = new Map<string, string[]>();
  for (const { label, source } of rows) bySource.set(source, [...(bySource.get(source) ?? []), label]);
  return [...bySource].map(([source, labels]) => `${labels.join(', ')} (${source})`).join('; ');
}

function headLines(column: ComparisonColumn, utterances: number | undefined): string[] {
  return [
    column.taskLabel,
    `${column.metric} % ${arrows[column.direction]}`,
    ...(utterances === undefined ? [] : [`n ${utterances}`]),
  ];
}

function cellOf(cell: ComparisonCell, showUtterances: boolean, power: boolean): LayoutCell {
  const { value, interval, difference, differenceInterval, utterances, best } = cell;
  return {
    value: percent(value),
    best,
    details: [
      ...(interval === undefined ? [] : [`${percent(interval[0])}–${percent(interval[1])}`]),
      ...(cell.seeds > 1 ? [`${cell.seeds} seeds, sd ${percent(cell.deviation)}`] : []),
      ...(difference === undefined ? [] : [`Δ ${points(difference)}${markOf(cell)}`]),
      ...(differenceInterval === undefined ? [] : [`(${differenceInterval.map(points).join(' to ')})`]),
      ...(power ? couldShow(cell) : []),
      ...(showUtterances ? [`n ${utterances}`] : []),
    ],
  };
}
