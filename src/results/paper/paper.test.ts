/** @file The paper's tables: published rows as published, ours where they belong, blanks elsewhere. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { comparisonFormats } from '../formats.js';
import type { StoredRecord } from '../record.js';
import { result } from '../records.fixture.js';
import { analysisTable, type NamedAnalysis, readAnalyses } from './analysis.js';
import { superbTable } from './superb.js';
import { formatPaperTable } from './table.js';

describe('the SUPERB table', () => {
  it('has the published rows with their published scores, and a blank row for the paper', () => {
    const { rows, columns, notes } = superbTable([]);
    expect(notes).toEqual([]);
    expect(columns.map(({ head }) => head[0])).toEqual([
      'PR',
      'ASR',
      'KS',
      'IC',
      'SID',
      'SF',
      'SF',
      'ER',
      'ASV',
      'SD',
      'QbE',
      'SUPERB',
    ]);
    const wavlm = rows.find(({ label }) => label === 'WavLM Large');
    expect([wavlm?.values[0], wavlm?.values.at(-1)]).toEqual([3.06, 1145]);
    expect(rows.at(-1)?.values.every((value) => value === undefined)).toBe(true);
  });

  it('fills our rows where there are records, as means over seeds', () => {
    const { rows, notes } = superbTable([
      result('tiny', 'ks', 0.7, { seed: 1 }),
      result('tiny', 'ks', 0.8, { seed: 2 }),
      result('tiny', 'asr', 0.5),
    ]);
    const ours = rows.at(-1);
    expect(ours?.label).toBe('tiny');
    expect(ours?.source).toBeUndefined();
    expect(ours?.values.map((value) => value?.toFixed(2))).toEqual([
      undefined,
      '50.00',
      '75.00',
      ...Array.from({ length: 9 }, () => undefined),
    ]);
    expect(notes.join()).toContain('mini/ks.csv, mini/asr.csv');
  });

  it('refuses two results for one cell', () => {
    const other = result('tiny', 'ks', 0.8, { preset: 'superb' });
    expect(() => superbTable([result('tiny', 'ks', 0.7), other])).toThrow(
      /duplicate result for tiny on KS.acc/,
    );
  });

  it.each(comparisonFormats)('is written as %s', (format) => {
    const text = formatPaperTable(superbTable([result('tiny', 'ks', 0.7)]), format);
    expect(text).toMatch(/70/);
    if (format === 'table')
      expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    if (format === 'csv') {
      const lines = parse(text, { columns: true }) as Record<string, string>[];
      expect(lines.find((line) => line.encoder === 'tiny')).toMatchObject({
        'KS acc % ↑': '70',
        published: '',
      });
      const published = (encoder: string) => lines.find((line) => line.encoder === encoder);
      expect(published('wav2vec 2.0 Base')).toMatchObject({ 'QbE mtwv % ↑': '2.33' });
      // 100 times 0.0736 is 7.359999999999999 in binary.
      expect(published('HuBERT Base')).toMatchObject({ 'QbE mtwv % ↑': '7.36', 'KS acc % ↑': '96.3' });
      expect(published('FBANK + CMVN')).toMatchObject({ 'SID acc % ↑': '0.00085' });
    } else if (format !== 'json') expect(text).toMatch(/HuBERT Base (†|\\textdagger)/);
  });
});

describe('the analysis table', () => {
  const of = (value: number) => ({ mean: value, standardError: 0.1, count: 3 });
  const analysis = {
    checkpoint: ['runs/easy-to-hard/model.safetensors'],
    rankCorrelation: { teacher: { withinUtterance: of(-0.07) }, student: { withinUtterance: of(0.68) } },
    regions: { maskedHard: { speech: 0.9 }, maskedRandom: { speech: 0.6 } },
    schedule: [
      { maskedFraction: 0.4, randomMaskedFraction: 0.39 },
      { maskedFraction: 0.29, randomMaskedFraction: 0.33 },
    ],
    information: { hard: of(1.5), random: of(1.2), difference: of(0.3) },
  };

  it('joins analyses and records by encoder, and keeps a blank row for each masking without either', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ehmam-analysis-'));
    try {
      await mkdir(join(folder, 'a'));
      await writeFile(join(folder, 'a', 'analysis.json'), JSON.stringify(analysis));
      const analyses = await readAnalyses([folder]);
      const { rows } = analysisTable(analyses, [
        result('easy-to-hard', 'ks', 0.5),
        result('random', 'ks', 0.4),
      ]);
      expect(rows.map(({ label }) => label)).toEqual([
        'random-matched',
        'hard-only',
        'easy-to-hard',
        'random',
      ]);
      const values = rows[2]?.values.map((value) => value?.toFixed(2));
      expect(values).toEqual([
        '0.68',
        '-0.07',
        '29.00',
        '33.00',
        '90.00',
        '60.00',
        '1.50',
        '1.20',
        '0.30',
        '50.00',
      ]);
      expect(rows[3]?.values.at(-1)).toBe(40);
      // Of two trainings of one name, an analysis is of the one with its weights.
      await writeFile(
        join(folder, 'a', 'analysis.json'),
        JSON.stringify({ ...analysis, encoderHash: 'b'.repeat(64) }),
      );
      const trained = (hash: string, value: number) =>
        result('x', 'ks', value, {
          encoder: { name: 'easy-to-hard', spec: 'x', hash, family: 'ehmam' },
        });
      const of = (name: string, records: readonly StoredRecord[], all: readonly NamedAnalysis[]) =>
        analysisTable(all, records).rows.flatMap(({ label, values }) =>
          label.startsWith(name) ? [[label, values[0], values.at(-1)]] : [],
        );
      const two = [trained('a'.repeat(64), 0.5), trained('b'.repeat(64), 0.6)];
      const [known] = await readAnalyses([folder]);
      expect(known?.hash).toBe('b'.repeat(64));
      expect(of('easy', two, [known as NamedAnalysis])).toEqual([
        ['easy-to-hard (bbbbbbbb)', 0.68, 60],
        ['easy-to-hard (aaaaaaaa)', undefined, 50],
      ]);
      // One that does not say it belongs to neither.
      expect(of('easy', two, analyses)).toEqual([
        ['easy-to-hard', 0.68, undefined],
        ['easy-to-hard (aaaaaaaa)', undefined, 50],
        ['easy-to-hard (bbbbbbbb)', undefined, 60],
      ]);
      expect(of('easy', two.slice(0, 1), [known as NamedAnalysis])).toEqual([
        ['easy-to-hard (bbbbbbbb)', 0.68, undefined],
        ['easy-to-hard', undefined, 50],
      ]);
      await writeFile(join(folder, 'a', 'analysis.json'), '{}');
      await expect(readAnalyses([folder])).rejects.toThrow(/analysis.json:1:1: missing key 'checkpoint'/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
