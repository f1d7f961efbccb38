/** @file Published rows and the score beside ours: told apart, never the best, never tested. */
import { describe, expect, it } from 'vitest';
import { compareRecords } from './compare.js';
import { formatComparison } from './formats.js';
import { withPublished, withScore } from './published.js';
import { result } from './records.fixture.js';
import { readSuperb } from './superb.js';

const ours = compareRecords([result('tiny', 'ks', 0.7), result('tiny', 'asr', 0.3)], { baseline: 'tiny' });

describe('withPublished', () => {
  it('adds the rows asked for as fractions, with their source', () => {
    const { published } = withPublished(ours, 'superb:hubert base, FBANK');
    expect(published).toMatchObject([
      { label: 'HuBERT Base', source: expect.stringContaining("SUPERB's public leaderboard") },
      { label: 'FBANK', source: expect.stringContaining('public.json') },
    ]);
    expect(published?.map(({ values }) => values)).toEqual([
      [0.963, 0.0642],
      [0.413826674, 0.2318],
    ]);
  });

  it('adds all of them where none is named', () => {
    expect(withPublished(ours, 'superb').published).toHaveLength(readSuperb().rows.length);
  });

  it('marks them in every format, with the source below, and leaves the best to ours', () => {
    const comparison = withPublished(ours, 'superb:HuBERT Base');
    expect(comparison.rows[0]?.cells[0]?.best).toBe(true);
    for (const format of ['table', 'markdown'] as const) {
      const text = formatComparison(comparison, format);
      expect(text).toContain('HuBERT Base †');
      expect(text.replaceAll(/\s+/g, ' ')).toContain('† published by others');
      expect(text.replaceAll(/\s+/g, ' ')).toContain("HuBERT Base (SUPERB's public leaderboard");
    }
    expect(formatComparison(comparison, 'latex')).toContain('HuBERT Base \\textdagger{} & 96.30 & 6.42 \\\\');
    expect(formatComparison(comparison, 'csv')).toMatch(/^HuBERT Base,.*SUPERB's public leaderboard/m);
    expect(JSON.parse(formatComparison(comparison, 'json')).published[0].label).toBe('HuBERT Base');
  });

  it('prints numbers as published in every format, for a task with other metrics than ours too', () => {
    const qbe = result('tiny', 'qbe', 0, {
      metrics: { mtwv: { value: 0.0123, direction: 'higher', utterances: 9 } },
    });
    const all = compareRecords([qbe, result('tiny', 'sid', 0.5)]);
    const comparison = withPublished(all, 'superb:WavLM Base,Mockingjay,FBANK + CMVN');
    const lines = formatComparison(comparison, 'csv').split('\n');
    const shown = (encoder: string, task: string) =>
      lines.find((line) => line.startsWith(`${encoder},,,${task},`))?.split(',')[9];
    expect([shown('WavLM Base', 'qbe'), shown('WavLM Base', 'sid')]).toEqual(['0.087', '0.8451']);
    expect(shown('FBANK + CMVN', 'sid')).toBe('0.0000085');
    expect(JSON.parse(formatComparison(comparison, 'json')).published[0].values).toEqual([0.087, 0.8451]);
    for (const format of ['table', 'markdown', 'latex'] as const) {
      const text = formatComparison(comparison, format);
      for (const part of ['8.70', '84.51', '0.066', '0.00085', '1.23']) expect(text).toContain(part);
    }
  });

  it('names the closest encoder, and the tables that there are', () => {
    expect(() => withPublished(ours, 'superb:HuBRT Base')).toThrow(
      /unknown published encoder 'HuBRT Base'.*'HuBERT Base'/,
    );
    expect(() => withPublished(ours, 'suberb')).toThrow(
      /--published: unknown table 'suberb'. Expected superb/,
    );
  });
});

describe('withScore', () => {
  const hubert = readSuperb().rows.find(({ encoder }) => encoder === 'HuBERT Base')?.metrics ?? {};
  const records = [...new Set(Object.keys(hubert).map((name) => name.split('.')[0] as string))].map(
    (task) => {
      const metrics = Object.entries(hubert).flatMap(([name, value]) => {
        const [of, metric = ''] = name.split('.');
        const scale = metric === 'mtwv' ? 1 : 100;
        const direction = ['acc', 'f1', 'mtwv'].includes(metric) ? ('higher' as const) : ('lower' as const);
        return of === task
          ? [
              [
                metric === 'acc' ? 'accuracy' : metric,
                { value: (value ?? 0) / scale, direction, utterances: 9 },
              ],
            ]
          : [];
      });
      return result('copy', task.toLowerCase(), 0, { metrics: Object.fromEntries(metrics) });
    },
  );

  it('stands by itself where all ten tasks are there: the published 941 for the published metrics', () => {
    const full = compareRecords(records, { metrics: 'all' });
    const scored = withScore(compareRecords(records), full, false);
    expect(Math.round(scored.rows[0]?.score ?? 0)).toBe(941);
    const text = formatComparison(withScore(withPublished(full, 'superb:WavLM Base'), full, false), 'table');
    expect(text).toContain('10 of 10 tasks');
    expect(text).toMatch(/1018\.8/);
  });

  it('is over the tasks that are there where it is asked for, and says so; else it stays away', () => {
    expect(withScore(ours, ours, false).score).toBeUndefined();
    const scored = withScore(ours, ours, true);
    expect(scored.score).toEqual({ tasks: ['ASR', 'KS'], of: 10 });
    // KS (70 - 41.3826674) / (96.66 - 41.3826674), ASR (30 - 23.18) / (3.62 - 23.18).
    expect(scored.rows[0]?.score).toBeCloseTo((1000 * (28.6173326 / 55.2773326 - 6.82 / 19.56)) / 2, 9);
    expect(formatComparison(scored, 'table').replaceAll(/\s+/g, ' ')).toContain('only over ASR, KS');
  });

  it('has nothing to score without a task of SUPERB', () => {
    const other = compareRecords([result('tiny', 'birds', 0.5)]);
    expect(() => withScore(other, other, true)).toThrow(/no results of SUPERB tasks/);
  });
});
