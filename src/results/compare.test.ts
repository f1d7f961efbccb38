/** @file Comparisons: like beside like, the best marked by direction, labels that tell apart. */
import { describe, expect, it } from 'vitest';
import { compareRecords } from './compare.js';
import type { StoredRecord } from './record.js';
import { exampleRecord, result } from './records.fixture.js';

const records = [
  result('fbank', 'asr', 0.5),
  result('fbank', 'ks', 0.8),
  result('tiny', 'asr', 0.4),
  result('tiny', 'ks', 0.75),
];
const encoder = (name: string, hash: string) => ({ ...exampleRecord().encoder, name, hash });

describe('compareRecords', () => {
  it('puts encoders in rows and tasks in columns, in the order in which they come', () => {
    const { rows, columns } = compareRecords(records);
    expect(rows.map((row) => row.label)).toEqual(['fbank', 'tiny']);
    expect(columns.map((column) => `${column.taskLabel} ${column.metric}`)).toEqual([
      'asr wer',
      'ks accuracy',
    ]);
    expect(rows.map((row) => row.cells.map((cell) => cell?.value))).toEqual([
      [0.5, 0.8],
      [0.4, 0.75],
    ]);
  });

  it('marks the lowest error rate and the highest accuracy as best, and ties together', () => {
    const { rows } = compareRecords([...records, result('other', 'ks', 0.8)]);
    expect(rows.map((row) => row.cells.map((cell) => cell?.best))).toEqual([
      [false, true],
      [true, false],
      [undefined, true],
    ]);
  });

  it('gives differences from the baseline, which is zero from itself', () => {
    const { rows, baseline } = compareRecords(records, { baseline: 'fbank' });
    expect(baseline).toBe('fbank');
    expect(rows[0]?.cells.map((cell) => cell?.difference)).toEqual([0, 0]);
    expect(rows[1]?.cells[0]?.difference).toBeCloseTo(-0.1, 12);
  });

  it('names the closest encoder when the baseline is unknown', () => {
    expect(() => compareRecords(records, { baseline: 'fbnak' })).toThrow(
      "no results of the baseline 'fbnak'. Did you mean 'fbank'?",
    );
  });

  it('shows the first metric of a task, or all of them', () => {
    const two = [{ path: 'r', record: exampleRecord() }];
    expect(compareRecords(two).columns.map((column) => column.metric)).toEqual(['wer']);
    const all = compareRecords(two, { metrics: 'all' });
    expect(all.columns.map((column) => `${column.taskLabel} ${column.metric}`)).toEqual([
      'asr wer',
      'asr cer',
    ]);
  });

  it('keeps apart what was tested on another manifest or by another version of the task', () => {
    const { columns, rows } = compareRecords([
      result('tiny', 'ks', 0.7),
      result('fbank', 'ks', 0.9, { manifest: { path: 'p', hash: 'fedcba9876' } }),
      result('fbank', 'ks', 0.8, { task: { name: 'ks', version: 2 } }),
    ]);
    expect(columns.map((column) => column.taskLabel)).toEqual([
      'ks (v1, hash of )',
      'ks (v1, fedcba98)',
      'ks (v2, hash of )',
    ]);
    expect(rows.map((row) => row.cells.map((cell) => cell?.best))).toEqual([
      [true, undefined, undefined],
      [undefined, true, true],
    ]);
  });

  it('keeps apart heads that were trained in other ways, in one row', () => {
    const { columns, rows } = compareRecords([
      result('tiny', 'ks', 0.7),
      result('fbank', 'ks', 0.8, { preset: 'clean-1234' }),
      result('tiny', 'asr', 0.8, { preset: 'clean-5678' }),
    ]);
    expect(columns.map((column) => column.taskLabel)).toEqual(['ks (clean)', 'ks (clean-1234)', 'asr']);
    expect(rows.map((row) => row.label)).toEqual(['tiny', 'fbank']);
  });

  it('gives seeds of one encoder a row together: mean 0.75, deviation 0.0707, an interval wider than one seed has', () => {
    const { rows } = compareRecords([
      result('tiny', 'ks', 0.7, { seed: 1 }),
      result('tiny', 'ks', 0.8, { seed: 2 }),
    ]);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.seeds).toEqual([1, 2]);
    const cell = rows[0]?.cells[0];
    expect(cell?.value).toBeCloseTo(0.75, 12);
    expect(cell?.deviation).toBeCloseTo(0.0707, 4);
    expect((cell?.interval?.[1] ?? 0) - (cell?.interval?.[0] ?? 0)).toBeGreaterThan(0.0642);
  });

  it('gives seeds of an untrained encoder a row together, though each makes other weights', () => {
    const untrained = (seed: number, hash: string) =>
      result('x', 'ks', 0.5, {
        seed,
        encoder: { ...encoder('random:tiny', hash), spec: 'random:tiny' },
      });
    const labels = (...of: StoredRecord[]) => compareRecords(of).rows.map(({ label }) => label);
    expect(labels(untrained(1, 'of seed 1'), untrained(2, 'of seed 2'))).toEqual(['random:tiny']);
    // Of one seed they are of two versions.
    expect(labels(untrained(1, '0123456789'), untrained(1, '9876543210'))).toEqual([
      'random:tiny (01234567)',
      'random:tiny (98765432)',
    ]);
  });

  it('never takes two trainings of one name for seeds of one encoder, whatever seeds their heads had', () => {
    const { rows } = compareRecords([
      result('x', 'ks', 0.9, { seed: 1, encoder: encoder('checkpoint', '0123456789') }),
      result('x', 'ks', 0.5, { seed: 2, encoder: encoder('checkpoint', '9876543210') }),
    ]);
    expect(rows.map(({ label, cells }) => [label, cells[0]?.value, cells[0]?.seeds])).toEqual([
      ['checkpoint (01234567)', 0.9, 1],
      ['checkpoint (98765432)', 0.5, 1],
    ]);
    expect(() =>
      compareRecords(
        [
          result('x', 'ks', 0.9, { seed: 1, encoder: encoder('checkpoint', '0123456789') }),
          result('x', 'ks', 0.5, { seed: 2, encoder: encoder('checkpoint', '9876543210') }),
        ],
        { baseline: 'checkpoint' },
      ),
    ).toThrow("ambiguous baseline: 2 rows are named 'checkpoint'");
  });

  it('gives other weights of one name and seed rows of their own, labelled by what differs', () => {
    const { rows } = compareRecords([
      result('big', 'ks', 0.9, { encoder: encoder('big', '0123456789') }),
      result('big', 'asr', 0.9, { encoder: encoder('big', '9876543210') }),
    ]);
    expect(rows.map((row) => row.label)).toEqual(['big (01234567)', 'big (98765432)']);
  });

  it('refuses two records of the same thing and names both files', () => {
    const twice = [
      result('tiny', 'ks', 0.7),
      { ...result('tiny', 'ks', 0.8), path: 'elsewhere/record.json' },
    ];
    expect(() => compareRecords(twice)).toThrow(
      'elsewhere/record.json: duplicate result for tiny on ks (also in results/tiny/ks/record.json). Pass only one of them',
    );
  });
});
