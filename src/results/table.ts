/** @file Shows a comparison on a terminal: 80 columns, arrows, intervals, the best in bold. */
import Table from 'cli-table3';
import type { Comparison, ComparisonCell, ComparisonColumn } from './compare.js';

export interface TableOptions {
  /** Whether escape codes may be written (a terminal that asks for no colour gets none). */
  readonly styled?: boolean;
  /** How many columns the terminal has (default 80); wider comparisons are cut into several tables. */
  readonly width?: number;
}

export const arrows = { higher: '↑', lower: '↓' } as const;

/** A fraction in percent with two decimals. */
export function percent(fraction: number): string {
  return (fraction * 100).toFixed(2);
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

/** The table as text that ends without a newline. */
export function formatTable(comparison: Comparison, options: TableOptions = {}): string {
  const { styled = false, width = 80 } = options;
  const heads = comparison.columns.map((column, i) => headLines(column, utterancesOf(comparison, i)));
  const cellsOf = (bold: boolean): string[][][] =>
    comparison.rows.map((row) =>
      row.cells.map((cell, i) => cellLines(cell, utterancesOf(comparison, i) === undefined, bold)),
    );
  const plain = cellsOf(false);
  const cells = cellsOf(styled);
  const columnWidths = heads.map(
    (head, i) =>
      padding + Math.max(...[head, ...plain.map((row) => row[i] ?? [])].flat().map((line) => line.length)),
  );
  const labelWidth = padding + Math.max('encoder'.length, ...comparison.rows.map((row) => row.label.length));
  return chunks(columnWidths, labelWidth, width)
    .map((chunk) => {
      const used = chunk.reduce((sum, i) => sum + (columnWidths[i] as number) + 1, 2);
      const labelRoom = Math.min(labelWidth, Math.max(narrowestLabel, width - used));
      const table = new Table({
        head: ['encoder', ...chunk.map((i) => (heads[i] ?? []).join('\n'))],
        colWidths: [labelRoom, ...chunk.map((i) => columnWidths[i] as number)],
        colAligns: ['left', ...chunk.map(() => 'right' as const)],
        style: { head: [], border: [] },
      });
      comparison.rows.forEach((row, r) => {
        table.push([
          wrapped(row.label, labelRoom - padding),
          ...chunk.map((i) => (cells[r]?.[i] ?? []).join('\n')),
        ]);
      });
      return table.toString();
    })
    .concat(legend(comparison))
    .join('\n');
}

/** What the marks of a table mean. */
function legend(comparison: Comparison): string[] {
  const tested = comparison.rows.some((row) => row.cells.some((cell) => cell?.pValue !== undefined));
  return [
    'percent; below it the 95 % interval (bootstrap over utterances, or speakers)',
    ...(comparison.baseline === undefined ? [] : [`Δ percentage points from ${comparison.baseline}`]),
    ...(tested ? ['* p < 0.05, paired by utterance, after Holm over the table'] : []),
  ];
}

/** Blanks on both sides of a cell. */
const padding = 2;
const narrowestLabel = 12;

/** Columns by index, in groups that fit the width beside the labels. */
function chunks(widths: readonly number[], labelWidth: number, width: number): number[][] {
  const room = width - Math.min(labelWidth, narrowestLabel) - 2;
  const groups: number[][] = [];
  let used = Number.POSITIVE_INFINITY;
  widths.forEach((columnWidth, i) => {
    if (used + columnWidth + 1 > room) {
      groups.push([]);
      used = 0;
    }
    groups.at(-1)?.push(i);
    used += columnWidth + 1;
  });
  return groups;
}

function headLines(column: ComparisonColumn, utterances: number | undefined): string[] {
  return [
    column.taskLabel,
    `${column.metric} % ${arrows[column.direction]}`,
    ...(utterances === undefined ? [] : [`n ${utterances}`]),
  ];
}

function cellLines(cell: ComparisonCell | undefined, showUtterances: boolean, styled: boolean): string[] {
  if (cell === undefined) return ['—'];
  const { value, interval, difference, differenceInterval, utterances, best } = cell;
  return [
    styled && best ? `\u001b[1m${percent(value)}\u001b[22m` : percent(value),
    ...(interval === undefined ? [] : [`${percent(interval[0])}–${percent(interval[1])}`]),
    ...(cell.seeds > 1 ? [`${cell.seeds} seeds, sd ${percent(cell.deviation)}`] : []),
    ...(difference === undefined ? [] : [`Δ ${points(difference)}${markOf(cell)}`]),
    ...(differenceInterval === undefined ? [] : [`(${differenceInterval.map(points).join(' to ')})`]),
    ...(showUtterances ? [`n ${utterances}`] : []),
  ];
}

/** A name cut into lines; the table's own wrapping would cut escape codes too. */
function wrapped(name: string, length: number): string {
  return (name.match(new RegExp(`.{1,${length}}`, 'gu')) ?? []).join('\n');
}
