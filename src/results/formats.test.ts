/** @file The looks of a comparison: what a reader sees in each format. */
import { parse } from 'csv-parse/sync';
import { marked, type Tokens } from 'marked';
import { describe, expect, it } from 'vitest';
import { type Comparison, compareRecords } from './compare.js';
import { formatComparison } from './formats.js';
import { withPublished } from './published.js';
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

  it('promises intervals only where there are some', () => {
    const bare = (encoder: string) => {
      const metrics = { accuracy: { value: 0.5, direction: 'higher' as const, utterances: 300 } };
      return result(encoder, 'ks', 0.5, { metrics });
    };
    const none = formatComparison(compareRecords([bare('a'), bare('b')]), 'markdown');
    expect(none).not.toMatch(/interval|bootstrap/);
    expect(none).toContain('- percent');
    const some = formatComparison(compareRecords([bare('a'), result('b', 'ks', 0.5)]), 'markdown');
    expect(some).toContain('- percent, with 95 % interval where available');
    const seeds = [bare('a'), { ...bare('a'), record: { ...bare('a').record, seed: 2 }, path: 'other' }];
    expect(formatComparison(compareRecords(seeds), 'markdown')).not.toContain('interval');
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

/** Two encoders from three seeds, tested in pairs: a cell with all that a cell can have. */
const tested: Comparison = {
  ...two,
  rows: two.rows.map((row, r) => ({
    ...row,
    cells: row.cells.map(
      (cell) =>
        cell && {
          ...cell,
          seeds: 3,
          deviation: 0.0123,
          ...(r === 1 && cell.difference !== undefined
            ? { differenceInterval: [-0.1301, -0.1202] as const, pValue: 0.01 }
            : {}),
        },
    ),
  })),
};
const ten = compareRecords(
  ['facebook/wav2vec2-large-960h-lv60-self-and-a-name-without-end', '短い名前'].flatMap((encoder) =>
    ['pr', 'asr', 'ks', 'qbe', 'sid', 'asv', 'sd', 'ic', 'sf', 'er'].map((task) =>
      result(encoder, task, 0.5),
    ),
  ),
);

describe('ten tasks and long names', () => {
  it.each([40, 60, 80, 120])('stay within %d columns, notes too', (width) => {
    const lines = formatComparison(withPublished(ten, 'superb'), 'table', { width }).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    for (const task of ['pr', 'qbe', 'er']) expect(lines.join('\n')).toMatch(new RegExp(`│ +${task} │`));
  });
});

describe('the other formats', () => {
  it('writes Markdown that a reader of Markdown takes for a table, whatever names hold', async () => {
    const text = formatComparison(
      compareRecords([result('a_b|<img src=x>`\\', 'asr', 0.25), result('*c*', 'asr', 0.5)]),
      'markdown',
    );
    const [table, list] = marked.lexer(text).filter(({ type }) => type !== 'space');
    expect(table).toMatchObject({ type: 'table' });
    expect((table as Tokens.Table).rows.map((row) => row.length)).toEqual([2, 2]);
    expect(list).toMatchObject({ type: 'list' });
    const html = await marked.parse(text);
    expect(html).toContain('<td>a_b|&lt;img src=x&gt;`\\</td>');
    expect(html).toContain('<td>*c*</td>');
    expect(html).toContain('<strong>25.00</strong>');
  });

  it.each([
    [
      'markdown',
      ['3 seeds, sd 1.23', 'Δ -12.66 \\*', '(-13.01 to -12.02)', 'Holm', 'Δ: percentage points from a\\_b'],
    ],
    [
      'latex',
      ['3 seeds, sd 1.23', '$\\Delta$ $-$12.66 *', '($-$13.01 to $-$12.02)', 'Holm', 'points from a\\_b'],
    ],
    [
      'table',
      ['3 seeds, sd 1.23', 'Δ -12.66 *', '(-13.01 to -12.02)', 'Holm', 'Δ: percentage points from a_b'],
    ],
  ] as const)('gives seeds, differences with intervals, marks and what they mean (%s)', (format, parts) => {
    const text = formatComparison(tested, format);
    for (const part of parts) expect(text).toContain(part);
  });

  it('writes LaTeX with booktabs rules and escaped names', () => {
    const text = formatComparison(two, 'latex');
    expect(text).toContain('\\begin{tabular}{lrr}\n\\toprule\nencoder & asr wer \\% $\\downarrow$');
    expect(text).toContain('a\\_b & 25.00 {\\scriptsize 21.79--28.21, $\\Delta$ $\\pm$0.00} & -- \\\\');
    expect(text).toContain('c\\textbar{}d & \\textbf{12.34}');
    expect(text).toContain('\\bottomrule\n\\end{tabular}\n\\par');
    // Nothing that TeX has no letter for is left.
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('writes CSV and JSON that hold every value with every digit', () => {
    const rows = parse(formatComparison(tested, 'csv'), { columns: true }) as Record<string, string>[];
    expect(rows.map((row) => [row.encoder, row.metric, Number(row.value)])).toEqual([
      ['a_b', 'wer', 0.25],
      ['c|d', 'wer', 0.1234],
      ['c|d', 'accuracy', 1],
    ]);
    expect(rows[1]).toMatchObject({
      seed_count: '3',
      difference_low: '-0.1301',
      p_holm: '0.01',
      significant: 'true',
    });
    expect(JSON.parse(formatComparison(two, 'json'))).toEqual(JSON.parse(JSON.stringify(two)));
  });
});

describe('power', () => {
  const compared = compareRecords([result('a', 'ks', 0.5), result('b', 'ks', 0.6), result('c', 'ks', 0.5)], {
    baseline: 'a',
  });
  const rows = compared.rows.map((each) => ({
    ...each,
    cells: each.cells.map((cell) => {
      if (cell === undefined || each.label === 'a') return cell;
      return each.label === 'b' ? { ...cell, pValue: 0.2, detectable: 0.1234 } : { ...cell, pValue: 1 };
    }),
  }));
  const tested = { ...compared, rows };

  it('is said below differences where it is asked for, with what it takes among several', () => {
    const text = formatComparison(tested, 'table', { power: true });
    for (const part of [
      'could show 12.34',
      'could show ?',
      'a single one among 2 must be 1.10',
      'predicted the same',
    ])
      expect(text.replaceAll(/\n {2}/g, ' ')).toContain(part);
    expect(formatComparison(tested, 'table')).not.toContain('could show');
    expect(formatComparison(tested, 'csv')).toContain('0.1234');
  });
});
