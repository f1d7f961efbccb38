/** @file The low-resource table: records of fine-tuning beside published rows, with means, intervals and differences. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NewFinetuning, type StoredFinetuning, writeFinetuning } from '../finetuning-file.js';
import { readFinetunings } from '../finetunings.js';
import { readRecords } from '../store.js';
import { lowResourceTable } from './low-resource.js';
import { sizeText } from './low-resource-rows.js';
import { formatPaperTable } from './table.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-low-resource-'));
});
afterAll(() => rm(root, { recursive: true }));

const hash = (letter: string): string => letter.repeat(64);

/** Which of four utterances of ten words are wrong in one word. */
type Wrong = readonly boolean[];

const text = 'one two three four five six seven eight nine ten';
const split = (wrong: Wrong, lm?: number): NewFinetuning['splits'][string] => {
  const wer = wrong.filter(Boolean).length / (10 * wrong.length);
  const decoded = {
    cer: 0.1,
    interval: [wer - 0.02, wer + 0.02] as [number, number],
    intervalOver: 'utterances' as const,
  };
  return {
    utterances: wrong.length,
    words: 10 * wrong.length,
    greedy: { wer, ...decoded },
    ...(lm !== undefined && { lm: { ...decoded, wer: lm } }),
    lines: wrong.map((isWrong, i) => ({
      id: `u${i}`,
      prediction: { text: isWrong ? text.replace('ten', 'tan') : text },
      reference: { text },
      ...(lm !== undefined && { lm: { text } }),
    })),
  };
};

const finetuning = (name: string, change: Partial<NewFinetuning> = {}): NewFinetuning => ({
  encoder: { name, spec: name, hash: hash('a'), family: 'ehmam' },
  result: { hash: hash('b') },
  manifest: { path: '10m-fold0.csv', hash: hash('c') },
  train: { utterances: 20, seconds: 610, ids: hash('d'), audio: hash('e'), texts: hash('f') },
  preset: '10m',
  settings: {},
  seed: 1,
  tokens: ['<s>', '|', 'e'],
  updates: 10,
  bestUpdate: 10,
  curve: [{ update: 10, trainLoss: 1, wer: 0.5 }],
  skipped: [],
  splits: { dev: split([true]), 'test-clean': split([true, false]) },
  engine: {
    name: 'onnx',
    provider: 'cpu',
    versions: { ehmam: '0.1.0', node: '20', onnxruntime: '1', tfjs: '4' },
  },
  costs: { seconds: 1, peakMemoryMB: 1, audioSeconds: 1 },
  createdAt: '2026-01-01T00:00:00.000Z',
  ...change,
});

async function stored(...all: readonly NewFinetuning[]): Promise<StoredFinetuning[]> {
  const folder = await mkdtemp(join(root, 'all-'));
  for (const [i, each] of all.entries()) await writeFinetuning(join(folder, String(i)), each);
  return readFinetunings([folder]);
}

const columnsOf = ({ columns }: Awaited<ReturnType<typeof lowResourceTable>>): string[] =>
  columns.map(({ head }) => head.join(' '));

describe('the low-resource table', () => {
  it('has the published rows by size, test set and decoding, and a blank one of the paper', async () => {
    const table = await lowResourceTable([]);
    expect(columnsOf(table).slice(2, 6)).toEqual([
      '10 min test-other greedy',
      '10 min test-other n-gram',
      '1 h test-clean greedy',
      '1 h test-clean n-gram',
    ]);
    expect(table.columns).toHaveLength(16);
    // results/published/low-resource-asr.json: 1 h without a language model 22.8 and 26.7, with a 4-gram 5.4 and 9.8.
    const wavlm = table.rows.find(({ label }) => label === 'WavLM Base+')?.values;
    expect(wavlm?.slice(0, 8)).toEqual([undefined, undefined, undefined, undefined, 22.8, 5.4, 26.7, 9.8]);
    expect(table.rows.at(-1)?.values.every((value) => value === undefined)).toBe(true);
  });

  it('has a row an encoder: the mean of folds and seeds, its interval wider than that of one alone', async () => {
    const table = await lowResourceTable(
      await stored(
        finetuning('tiny', { fold: '0', splits: { 'test-clean': split([true, false], 0.2) } }),
        finetuning('tiny', { fold: '1', splits: { 'test-clean': split([true, true], 0.4) } }),
        finetuning('other'),
      ),
    );
    const [tiny, other] = table.rows.slice(-2);
    expect([tiny?.label, other?.label]).toEqual(['tiny', 'other']);
    // Words wrong: 1 of 20 and 2 of 20.
    expect(tiny?.values.slice(0, 3).map((value) => value?.toFixed(6))).toEqual([
      '7.500000',
      '30.000000',
      undefined,
    ]);
    expect(other?.values.slice(0, 3)).toEqual([5, undefined, undefined]);
    expect(other?.estimates?.[0]).toEqual({ interval: [3, 7], trainings: 1 });
    const [low = 0, high = 0] = tiny?.estimates?.[0]?.interval ?? [];
    expect([low < 5.5, high > 9.5, tiny?.estimates?.[0]?.trainings]).toEqual([true, true, 2]);
    const lines = formatPaperTable(table, 'table').split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.join('\n')).toMatch(/3\.0–7\.0/);
  });

  it('shows differences from a row, paired by utterance, where both were tested on the same', async () => {
    const many = (places: readonly number[]): Wrong =>
      Array.from({ length: 40 }, (_, i) => places.includes(i));
    const test = (...places: number[]) => ({ splits: { 'test-clean': split(many(places)) } });
    const hard = test(...Array.from({ length: 12 }, (_, i) => i));
    const elsewhere = finetuning('elsewhere', { splits: { 'test-clean': split([true, false]) } });
    const all = await stored(finetuning('random', hard), finetuning('easy', test(0, 1)), elsewhere);
    const { rows, notes } = await lowResourceTable(all, 'random');
    const difference = rows.find(({ label }) => label === 'easy')?.estimates?.[0]?.difference;
    // 2 and 12 of 400 words.
    expect(difference?.value).toBeCloseTo(-2.5, 10);
    expect(difference?.interval[1]).toBeLessThan(0);
    expect(difference?.pValue).toBeLessThan(0.05);
    expect(rows.find(({ label }) => label === 'elsewhere')?.estimates?.[0]).not.toHaveProperty('difference');
    expect(notes.join('\n')).toMatch(/no test of a difference: .*was evaluated on different utterances/);
    await expect(lowResourceTable(all, 'randon')).rejects.toThrow(
      /unknown row 'randon'\. Did you mean 'random'\?/,
    );
  });

  it('leaves published rows out where all results are on other speech, and keeps two settings of one encoder apart', async () => {
    const own = { splits: { dev: split([true]), test: split([true, true]) }, train: finetuning('x').train };
    const table = await lowResourceTable(
      await stored(finetuning('tiny', own), finetuning('tiny', { ...own, preset: '10m-12345678' })),
    );
    expect(columnsOf(table)).toEqual(['10 min test greedy']);
    expect(table.rows.map(({ label }) => label)).toEqual(['tiny, 10m', 'tiny, 10m-12345678']);
  });

  it('refuses two results of one fold and seed for a cell', async () => {
    await expect(lowResourceTable(await stored(finetuning('tiny'), finetuning('tiny')))).rejects.toThrow(
      /1\/finetuning\.json: duplicate result for tiny with 10 min on test-clean \(also in .*0\/finetuning\.json\)/,
    );
  });
});

it.each([
  [3744, '1 h'],
  [35_100, '10 h'],
  [362_000, '100 h'],
  [1500, '25 min'],
  [9000, '2.5 h'],
])('%s s are %s', (seconds, name) => {
  expect(sizeText(seconds)).toBe(name);
});

it('result records that are looked for and not there are told from recognisers that are', async () => {
  const [{ folder } = { folder: '' }] = await stored(finetuning('tiny'));
  await expect(readRecords([folder])).rejects.toThrow(
    /no record\.json .*Found fine-tuned recognisers: try 'ehmam paper low-resource/,
  );
});
