/** @file Writes a comparison for people and programs: a terminal's table, Markdown, LaTeX, CSV, JSON. */
import { stringify } from 'csv-stringify/sync';
import type { Comparison, ComparisonRow } from './compare.js';
import { latexText, markdownText } from './layout/documents.js';
import type { Layout } from './layout/layout.js';
import { type TerminalOptions, terminalText } from './layout/terminal.js';
import { layerLayouts, layoutOf, type TableOptions } from './table.js';

export const comparisonFormats = ['table', 'markdown', 'latex', 'csv', 'json'] as const;
export type ComparisonFormat = (typeof comparisonFormats)[number];

/** The comparison as text that ends without a newline. */
export function formatComparison(
  comparison: Comparison,
  format: ComparisonFormat,
  options: TerminalOptions & TableOptions = {},
): string {
  const layouts = (): Layout[] => [layoutOf(comparison, options), ...layerLayouts(comparison)];
  switch (format) {
    case 'table':
      return layouts()
        .map((layout) => terminalText(layout, options))
        .join('\n\n');
    case 'markdown':
      return layouts().map(markdownText).join('\n\n');
    case 'latex':
      return layouts().map(latexText).join('\n\n');
    case 'csv':
      return csv(comparison);
    case 'json':
      return JSON.stringify(comparison, null, 2);
  }
}

/**
 * One line a cell; values are fractions, with every digit. A published line says its source, one of a hidden state alone its
 * number.
 */
function csv({ columns, rows, published = [], score, layers = [] }: Comparison): string {
  const about = (i: number) => {
    const { task, taskVersion, preset, manifestHash, metric, direction } = columns[i] ?? {};
    return { task, task_version: taskVersion, preset, manifest_hash: manifestHash, metric, direction };
  };
  const scored = { task: 'superb', metric: 'score', direction: 'higher' };
  const lines = [
    ...rows.flatMap((row) => {
      const encoder = { encoder: row.encoder, encoder_hash: row.encoderHash, seeds: row.seeds.join(' ') };
      const cells = row.cells.flatMap((cell, i) => {
        if (cell === undefined) return [];
        return {
          ...encoder,
          ...about(i),
          value: cell.value,
          low: cell.interval?.[0],
          high: cell.interval?.[1],
          utterances: cell.utterances,
          seed_count: cell.seeds,
          deviation: cell.deviation,
          difference: cell.difference,
          difference_low: cell.differenceInterval?.[0],
          difference_high: cell.differenceInterval?.[1],
          p_holm: cell.pValue,
          significant: cell.pValue === undefined ? undefined : String(cell.pValue < 0.05),
          detectable: cell.detectable,
        };
      });
      return row.score === undefined ? cells : [...cells, { ...encoder, ...scored, value: row.score }];
    }),
    ...published.flatMap(({ label, source, values, score: value }) => [
      ...values.flatMap((each, i) => {
        if (each === undefined) return [];
        const { task, metric, direction } = about(i);
        return { encoder: label, task, metric, direction, value: each, published: source };
      }),
      ...(score === undefined || value === undefined
        ? []
        : [{ encoder: label, ...scored, value, published: source }]),
    ]),
  ];
  const single = layers.flatMap((table) => {
    const { task, metric, direction } = table;
    return table.rows.flatMap(({ row, layers: cells }) =>
      cells.flatMap((cell, layer) => {
        if (cell === undefined) return [];
        const { encoder, encoderHash } = rows[row] as ComparisonRow;
        const [low, high] = cell.interval ?? [];
        const about = { encoder, encoder_hash: encoderHash, task, metric, direction, layer };
        return [
          { ...about, value: cell.value, low, high, seed_count: cell.seeds, deviation: cell.deviation },
        ];
      }),
    );
  });
  const names = single.length === 0 ? csvColumns : [...csvColumns, 'layer'];
  return stringify([...lines, ...single], { header: true, columns: names }).trimEnd();
}

const csvColumns = [
  ...['encoder', 'encoder_hash', 'seeds', 'task', 'task_version', 'preset', 'manifest_hash', 'metric'],
  ...['direction', 'value', 'low', 'high', 'utterances', 'seed_count', 'deviation', 'difference'],
  ...['difference_low', 'difference_high', 'p_holm', 'significant', 'detectable', 'published'],
];
