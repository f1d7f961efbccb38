/** @file The looks of a comparison: what a reader sees in each format. */
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { compareRecords } from './compare.js';
import { formatComparison } from './formats.js';
import { result } from './records.fixture.js';

const encoders = ['fbank', 'random:tiny', 'tiny-easy-to-hard', 'tiny-random-matched'];
const tasks = ['asr', 'ks', 'sid', 'ic'];
const four = compareRecords(
  encoders.flatMap((encoder, e) => tasks.map((task, t) => result(encoder, task, 0.5 + 0.05 * e + 0.01 * t))),
);
const two = compareRecords(
  [result('a_b', 'asr', 0.25), result('c|d', 'asr', 0.1234), result('c|d', 'ks', 1)],
  {
    baseline: 'a_b',
  },
);

describe('the table', () => {
  it('shows four encoders on four tasks within 80 columns, in one piece', () => {
    const lines = formatComparison(four, 'table').split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.filter((line) => line.includes('encoder'))).toHaveLength(1);
  });

  it('shows arrows, values in percent, intervals and the number of utterances', () => {
    const text = formatComparison(two, 'table');
    for (const part of ['wer % ↓', 'accuracy % ↑', 'n 300', '12.34', '9.13–15.55', 'Δ -12.66', '—']) {
      expect(text).toContain(part);
    }
  });

  it('is cut into several tables where the terminal is narrow', () => {
    const lines = formatComparison(four, 'table', { width: 50 }).split('\n');
    expect(lines.filter((line) => line.includes('encoder')).length).toBeGreaterThan(1);
    const tableLines = lines.filter((line) => /^[│┌├└]/.test(line));
    expect(Math.max(...tableLines.map((line) => line.length))).toBeLessThanOrEqual(50);
  });

  it('sets the best in bold only where escape codes may be written', () => {
    expect(formatComparison(two, 'table')).not.toContain('\u001b');
    const bold = formatComparison(two, 'table', { styled: true });
    expect(bold).toContain('\u001b[1m12.34\u001b[22m');
    expect(bold.replaceAll('\u001b[1m', '').replaceAll('\u001b[22m', '')).toBe(
      formatComparison(two, 'table'),
    );
  });
});

describe('the other formats', () => {
  it('writes Markdown whose rows have as many cells as its head', () => {
    const lines = formatComparison(two, 'markdown').split('\n');
    expect(lines).toEqual([
      '| encoder | asr wer % ↓ | ks accuracy % ↑ |',
      '| --- | ---: | ---: |',
      '| a_b | 25.00 (±0.00) [21.79, 28.21] | — |',
      '| c\\|d | **12.34** (-12.66) [9.13, 15.55] | **100.00** [96.79, 103.21] |',
    ]);
  });

  it('writes LaTeX with booktabs rules and escaped names', () => {
    const text = formatComparison(two, 'latex');
    expect(text).toContain('\\begin{tabular}{lrr}\n\\toprule\nencoder & asr wer \\% $\\downarrow$');
    expect(text).toContain('a\\_b & 25.00 ($\\pm$0.00) {\\scriptsize [21.79, 28.21]} & -- \\\\');
    expect(text).toContain('\\textbf{12.34}');
    expect(text.endsWith('\\bottomrule\n\\end{tabular}')).toBe(true);
  });

  it('writes CSV and JSON that hold every value with every digit', () => {
    const rows = parse(formatComparison(two, 'csv'), { columns: true }) as Record<string, string>[];
    expect(rows.map((row) => [row.encoder, row.metric, Number(row.value)])).toEqual([
      ['a_b', 'wer', 0.25],
      ['c|d', 'wer', 0.1234],
      ['c|d', 'accuracy', 1],
    ]);
    expect(JSON.parse(formatComparison(two, 'json'))).toEqual(JSON.parse(JSON.stringify(two)));
  });
});
