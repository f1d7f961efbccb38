/** @file Writes a comparison for documents and programs: Markdown, LaTeX, CSV, JSON. */
import { stringify } from 'csv-stringify/sync';
import type { Comparison, ComparisonCell, ComparisonColumn } from './compare.js';
import { arrows, formatTable, markOf, percent, points, type TableOptions } from './table.js';

export const comparisonFormats = ['table', 'markdown', 'latex', 'csv', 'json'] as const;
export type ComparisonFormat = (typeof comparisonFormats)[number];

/** The comparison as text that ends without a newline. */
export function formatComparison(
  comparison: Comparison,
  format: ComparisonFormat,
  options: TableOptions = {},
): string {
  switch (format) {
    case 'table':
      return formatTable(comparison, options);
    case 'markdown':
      return markdown(comparison);
    case 'latex':
      return latex(comparison);
    case 'csv':
      return csv(comparison);
    case 'json':
      return JSON.stringify(comparison, null, 2);
  }
}

function markdown(comparison: Comparison): string {
  const escapePipes = (text: string): string => text.replaceAll('|', '\\|');
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line([
      'encoder',
      ...comparison.columns.map((column) => escapePipes(`${headOf(column)} ${arrows[column.direction]}`)),
    ]),
    line(['---', ...comparison.columns.map(() => '---:')]),
    ...comparison.rows.map((row) =>
      line([
        escapePipes(row.label),
        ...row.cells.map((cell) => (cell === undefined ? '—' : markdownCell(cell))),
      ]),
    ),
  ].join('\n');
}

function markdownCell(cell: ComparisonCell): string {
  const value = cell.best ? `**${percent(cell.value)}**` : percent(cell.value);
  const interval = cell.interval === undefined ? '' : ` [${cell.interval.map(percent).join(', ')}]`;
  return `${value}${differenceOf(cell)}${interval}`;
}

/** A tabular with the rules of the booktabs package. */
function latex(comparison: Comparison): string {
  const arrow = { higher: '$\\uparrow$', lower: '$\\downarrow$' };
  const line = (cells: readonly string[]): string => `${cells.join(' & ')} \\\\`;
  return [
    '% needs \\usepackage{booktabs}',
    `\\begin{tabular}{l${'r'.repeat(comparison.columns.length)}}`,
    '\\toprule',
    line([
      'encoder',
      ...comparison.columns.map((column) => `${escapeLatex(headOf(column))} ${arrow[column.direction]}`),
    ]),
    '\\midrule',
    ...comparison.rows.map((row) =>
      line([
        escapeLatex(row.label),
        ...row.cells.map((cell) => (cell === undefined ? '--' : latexCell(cell))),
      ]),
    ),
    '\\bottomrule',
    '\\end{tabular}',
  ].join('\n');
}

function latexCell(cell: ComparisonCell): string {
  const value = cell.best ? `\\textbf{${percent(cell.value)}}` : percent(cell.value);
  const interval =
    cell.interval === undefined ? '' : ` {\\scriptsize [${cell.interval.map(percent).join(', ')}]}`;
  return `${value}${differenceOf(cell).replace('±', '$\\pm$')}${interval}`;
}

function escapeLatex(text: string): string {
  return text.replace(/[\\{}&%$#_~^]/g, (character) =>
    character === '\\'
      ? '\\textbackslash{}'
      : character === '~'
        ? '\\textasciitilde{}'
        : character === '^'
          ? '\\textasciicircum{}'
          : `\\${character}`,
  );
}

/** One line a cell; values are fractions, with every digit. */
function csv(comparison: Comparison): string {
  const lines = comparison.rows.flatMap((row) =>
    comparison.columns.flatMap((column, i) => {
      const cell = row.cells[i];
      if (cell === undefined) return [];
      return {
        encoder: row.encoder,
        encoder_hash: row.encoderHash,
        seeds: row.seeds.join(' '),
        task: column.task,
        task_version: column.taskVersion,
        preset: column.preset,
        manifest_hash: column.manifestHash,
        metric: column.metric,
        direction: column.direction,
        value: cell.value,
        low: cell.interval?.[0],
        high: cell.interval?.[1],
        utterances: cell.utterances,
        deviation: cell.deviation,
        difference: cell.difference,
        difference_low: cell.differenceInterval?.[0],
        difference_high: cell.differenceInterval?.[1],
        p_holm: cell.pValue,
      };
    }),
  );
  return stringify(lines, { header: true }).trimEnd();
}

function headOf(column: ComparisonColumn): string {
  return `${column.taskLabel} ${column.metric} %`;
}

function differenceOf(cell: ComparisonCell): string {
  return cell.difference === undefined ? '' : ` (${points(cell.difference)}${markOf(cell)})`;
}
