/** @file A table as a paper lays it out: published rows, ours where there are records, blanks where there are none. */
import { stringify } from 'csv-stringify/sync';
import type { ComparisonFormat } from '../formats.js';
import { latexText, markdownText } from '../layout/documents.js';
import { type Layout, plainCell } from '../layout/layout.js';
import { type TerminalOptions, terminalText } from '../layout/terminal.js';
import { publishedMark, publishedText } from '../table.js';

export interface PaperTable {
  readonly name: string;
  readonly columns: readonly PaperColumn[];
  readonly rows: readonly PaperRow[];
  readonly notes: readonly string[];
}

export interface PaperColumn {
  /** The lines of its head. */
  readonly head: readonly string[];
  /** Digits after the point (default 2). */
  readonly digits?: number;
}

export interface PaperRow {
  readonly label: string;
  /** Where a published row is from. */
  readonly source?: string;
  /** One a column, in the unit of its head; undefined stays blank. */
  readonly values: readonly (number | undefined)[];
  /** Where there is more to say of a value, one a column. */
  readonly estimates?: readonly (PaperEstimate | undefined)[];
}

/** What is known of a value's chance, in the unit of its column. */
export interface PaperEstimate {
  readonly interval: readonly [low: number, high: number];
  /** How many trainings it is the mean of. */
  readonly trainings: number;
  /** From the baseline's value, where both were tested on the same utterances. */
  readonly difference?: {
    readonly value: number;
    readonly interval: readonly [low: number, high: number];
    /** After Holm over the table. */
    readonly pValue: number;
  };
}

/** The table as text that ends without a newline. */
export function formatPaperTable(
  table: PaperTable,
  format: ComparisonFormat,
  options: TerminalOptions = {},
): string {
  switch (format) {
    case 'table':
      return terminalText(layoutOf(table), options);
    case 'markdown':
      return markdownText(layoutOf(table));
    case 'latex':
      return latexText(layoutOf(table));
    case 'csv':
      return csv(table);
    case 'json':
      return JSON.stringify(table, null, 2);
  }
}

function layoutOf({ columns, rows, notes }: PaperTable): Layout {
  const sources = new Map<string, string[]>();
  for (const { label, source } of rows)
    if (source !== undefined) sources.set(source, [...new Set([...(sources.get(source) ?? []), label])]);
  const told = [...sources].map(([source, labels]) => `${labels.join(', ')} (${source})`).join('; ');
  return {
    corner: 'encoder',
    heads: columns.map(({ head }) => head),
    rows: rows.map(({ label, source, values, estimates }) => ({
      label: source === undefined ? label : `${label} ${publishedMark}`,
      cells: columns.map(({ digits = 2 }, i) => {
        const value = values[i];
        if (value === undefined) return plainCell('');
        const asPublished = source !== undefined && digits > 0;
        const text = asPublished ? publishedText(value, digits) : value.toFixed(digits);
        return { ...plainCell(text), details: detailsOf(estimates?.[i], digits) };
      }),
    })),
    notes: [
      ...(told === '' ? [] : [`${publishedMark} published by others, not measured by ehmam: ${told}`]),
      ...notes,
    ],
  };
}

function detailsOf(estimate: PaperEstimate | undefined, digits: number): string[] {
  if (estimate === undefined) return [];
  const { interval, trainings, difference } = estimate;
  const signed = (value: number): string => {
    const text = value.toFixed(digits);
    return Number(text) === 0 ? `±${Math.abs(value).toFixed(digits)}` : value > 0 ? `+${text}` : text;
  };
  return [
    interval.map((value) => value.toFixed(digits)).join('–'),
    ...(trainings > 1 ? [`${trainings} trainings`] : []),
    ...(difference === undefined
      ? []
      : [
          `Δ ${signed(difference.value)}${difference.pValue < 0.05 ? ' *' : ''}`,
          `(${difference.interval.map(signed).join(' to ')})`,
        ]),
  ];
}

/** A line a row; numbers with every digit. */
function csv({ columns, rows }: PaperTable): string {
  const head = ['encoder', ...columns.map((column) => column.head.join(' ')), 'published'];
  return stringify([head, ...rows.map(({ label, values, source }) => [label, ...values, source])]).trimEnd();
}
