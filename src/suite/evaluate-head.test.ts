/** @file Trained heads on other manifests and splits, settings of hidden states, and heads layer by layer: whole runs on tones. */
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readAudio } from '../audio/index.js';
import { sha256OfFile } from '../base/files.js';
import { evaluateFromCli, evaluationText } from '../cli/evaluate/of-head.js';
import { runFromSuite } from '../cli/run/from-suite.js';
import { checkResults } from '../cli/validate/results.js';
import { createEngine } from '../engine/create.js';
import { transcribe } from '../finetune/transcribe/transcribe.js';
import { readHead } from '../heads/trained.js';
import { readEvaluation } from '../results/evaluation-file.js';
import { compareRecords, formatComparison, readRecords } from '../results/index.js';
import { withLayers } from '../results/layers.js';
import { readLayers, readLayersLines } from '../results/layers-file.js';
import { findRecordFiles, readRecord } from '../results/store.js';
import { openHead } from './head-recogniser.js';
import { writeTones } from './tones.fixture.js';
import { writeToyEncoder } from './toy-folder.fixture.js';

const small = { projectionSize: 16, learningRates: [0.01], maximumUpdates: 40 };
const few = { projectionSize: 8, lstmSize: 8, maximumUpdates: 12, learningRates: [0.02] };

let folder = '';
let encoder = '';
const results = (...path: string[]): string => join(folder, 'out', ...path);

/** Runs a suite over the tones. */
async function run(out: string, tasks: readonly object[], change: object = {}) {
  const suite = join(folder, `${out}.json`);
  await writeFile(suite, JSON.stringify({ name: out, encoders: [encoder], tasks }));
  const said: string[] = [];
  const ran = await runFromSuite({
    suite,
    tasks: undefined,
    encoders: undefined,
    seeds: undefined,
    out: join(folder, out),
    jobs: 1,
    engine: { name: 'onnx', provider: 'cpu', threads: 1 },
    quiet: true,
    signal: new AbortController().signal,
    remark: (text) => said.push(text),
    ...change,
  });
  expect(ran.summary).toBeUndefined();
  return { ...ran, said };
}

const ks = (settings: object = {}) => ({
  name: 'ks',
  manifest: 'tones.csv',
  settings: { ...small, ...settings },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-head-'));
  vi.stubEnv('EHMAM_CACHE', join(folder, 'cache'));
  await writeTones(folder);
  encoder = await writeToyEncoder(folder, 'toy', 1);
  await run('out', [ks(), { name: 'asr', manifest: 'tones.csv', settings: few }]);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const evaluation = (change: object = {}) =>
  evaluateFromCli({
    head: results('toy', 'ks'),
    manifest: join(folder, 'tones.csv'),
    root: undefined,
    splits: ['test'],
    out: undefined,
    encoder,
    weights: undefined,
    maxBadShare: 0,
    engine: { name: 'onnx', provider: 'cpu', threads: 1 },
    quiet: true,
    ...change,
  });

/** Files of features, and when each was written. */
async function shards(): Promise<string[]> {
  const place = join(folder, 'cache', 'features');
  const names = (await readdir(place, { recursive: true })).filter((name) => name.endsWith('.bin'));
  return Promise.all(names.sort().map(async (name) => `${name} ${(await stat(join(place, name))).mtimeMs}`));
}

const predictionsOf = async (file: string) =>
  (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly id: string; readonly prediction: unknown });

describe('a trained head', () => {
  it.each(['ks', 'asr'])('of %s says of its own test split what its result says', async (task) => {
    const out = join(folder, `evaluated-${task}`);
    const found = await evaluation({ head: results('toy', task), out });
    const record = await readRecord(results('toy', task, 'record.json'));
    const [split] = found.splits;
    expect(split).toMatchObject({ name: 'test', seen: false, metrics: record.metrics });
    expect(await predictionsOf(join(out, 'predictions.test.jsonl'))).toEqual(
      await predictionsOf(results('toy', task, 'predictions.jsonl')),
    );
    // Its features were there already.
    expect(found.costs.encoderFrames).toBeGreaterThan(0);
    const written = await readEvaluation(out);
    expect(written).toMatchObject({
      format: 'ehmam evaluation 1',
      task: { name: task },
      manifest: record.manifest,
    });
    expect(written.head).toMatchObject({
      sha256: await sha256OfFile(results('toy', task, 'head.safetensors')),
      trainedOn: record.manifest,
      preset: record.preset,
      seed: 1337,
    });
  });

  it('of asr reads any audio, and says of test what its result says', async () => {
    const engine = await createEngine('onnx', { threads: 1 });
    const head = await openHead(engine, results('toy', 'asr'), { encoder, quiet: true });
    const windows = { windowSeconds: 20, overlapSeconds: 4 };
    for (const { id, prediction } of await predictionsOf(results('toy', 'asr', 'predictions.jsonl'))) {
      const { text, duration } = await transcribe(head, () => readAudio(join(folder, `${id}.wav`)), windows);
      expect([text, duration]).toEqual([prediction, 0.4]);
    }
    await head.close();
    await expect(openHead(engine, results('toy', 'ks'), { encoder, quiet: true })).rejects.toThrow(
      /is a head of 'ks': it writes no texts of any audio\. Use a result of the task asr/,
    );
  });

  it('is judged on dev and train on request, which are marked as seen, and never read as a result', async () => {
    const out = join(folder, 'evaluated-splits');
    const found = await evaluation({ splits: ['dev', 'train'], out });
    expect(found.splits.map(({ name, seen, metrics }) => [name, seen, metrics.accuracy?.utterances])).toEqual(
      [
        ['dev', true, 8],
        ['train', true, 8],
      ],
    );
    expect((await predictionsOf(join(out, 'predictions.train.jsonl'))).map(({ id }) => id)).toContain(
      'train7',
    );
    expect(evaluationText(found, out)).toMatch(/dev \(used in training of this head\)\n {2}accuracy % \d/);
    await expect(findRecordFiles([out])).rejects.toThrow(/no record.json under/);
  });

  it('is judged on another manifest with other splits, speakers and bad audio', async () => {
    const rows = (await readFile(join(folder, 'tones.csv'), 'utf8')).trim().split('\n');
    const other = join(folder, 'other.csv');
    const moved = rows.map((row, i) =>
      i === 0 ? row : row.replace(',train,', ',street,').replace('.wav,dev', '.wav,home'),
    );
    await writeFile(
      other,
      `${moved.filter((row) => !/,test,/.test(row)).join('\n')}\nbad,bad.wav,street,s1,low,lo\n`,
    );
    await writeFile(join(folder, 'bad.wav'), 'no sound');
    const found = await evaluation({ manifest: other, splits: ['street', 'home'], maxBadShare: 0.2 });
    expect(
      found.splits.map(({ name, seen, metrics, skipped }) => [
        name,
        seen,
        metrics.accuracy?.utterances,
        skipped?.length,
      ]),
    ).toEqual([
      ['street', false, 8, 1],
      ['home', false, 8, undefined],
    ]);
    expect(found.splits[0]?.metrics.accuracy).toMatchObject({ intervalOver: 'speakers' });
    expect(found.manifest.hash).not.toBe(found.head.trainedOn.hash);
    await expect(evaluation({ manifest: other, splits: ['street'] })).rejects.toThrow(/bad.wav/);
  });

  it.each([
    [
      'a label that it does not know',
      'id,path,split,label\nx,test0.wav,test,lowe\n',
      /labels.csv:2: unknown label 'lowe': the head was not trained on it.*Did you mean 'low'/s,
    ],
    [
      'an empty label',
      'id,path,split,label\nx,test0.wav,test,\n',
      /labels.csv:2: column 'label' is empty|utterance 'x' has no label/,
    ],
    ['a missing column', 'id,path,split\nx,test0.wav,test\n', /labels.csv:1: the column 'label' is missing/],
    [
      'a split without rows',
      'id,path,split,label\nx,test0.wav,tset,low\n',
      /no utterances in split 'test'.*tset/s,
    ],
  ])('refuses %s', async (_, text, message) => {
    const manifest = join(folder, 'labels.csv');
    await writeFile(manifest, text);
    await expect(evaluation({ manifest })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  it('refuses a text that it cannot spell, another encoder, and a folder without a head', async () => {
    const manifest = join(folder, 'texts.csv');
    await writeFile(manifest, 'id,path,split,text\nx,test0.wav,test,naïve 7\n');
    await expect(evaluation({ head: results('toy', 'asr'), manifest })).rejects.toThrow(
      /texts.csv:2: invalid characters in the text of 'x'/,
    );
    const stranger = await writeToyEncoder(folder, 'stranger', 2);
    await expect(evaluation({ encoder: stranger })).rejects.toThrow(
      /is not the encoder that the head was trained on/,
    );
    await expect(evaluation({ head: folder })).rejects.toThrow(
      /is not a result with a trained head: record.json is missing/,
    );
    await expect(evaluation({ encoder: undefined })).rejects.toThrow(
      /cannot load the encoder 'toy' of the result.*--encoder/s,
    );
  });
});

describe('the setting layers', () => {
  it('gives a head the hidden states of numbers and ranges alone, which record, head and export know', async () => {
    const tasks = [
      ks({ layers: [0, '2-2'], gainDecibels: -3 }),
      { name: 'asr', manifest: 'tones.csv', settings: { ...few, layers: '1' } },
    ];
    await run('some', tasks, { layerwise: true });
    const record = await readRecord(join(folder, 'some', 'toy', 'ks', 'record.json'));
    expect(record.layers).toEqual([0, 2]);
    expect(record.layerWeights).toHaveLength(2);
    expect(record.preset).not.toBe((await readRecord(results('toy', 'ks', 'record.json'))).preset);
    const head = await readHead(join(folder, 'some', 'toy', 'ks', 'head.safetensors'));
    expect(head).toMatchObject({ layers: [0, 2], gainDecibels: -3 });
    const found = await evaluation({ head: join(folder, 'some', 'toy', 'ks'), splits: ['test', 'dev'] });
    expect(found.splits[0]?.metrics).toEqual(record.metrics);
    // The record's manifest is what the gain made of it, and still the same one.
    expect(found.splits.map(({ seen }) => seen)).toEqual([false, true]);
    const layers = await readLayers({ path: join(folder, 'some', 'toy', 'ks', 'record.json'), record });
    expect(layers?.layers.map(({ layer }) => layer)).toEqual([0, 2]);
    const asr = await readRecord(join(folder, 'some', 'toy', 'asr', 'record.json'));
    expect(asr.layerWeights).toEqual([1]);
    expect((await evaluation({ head: join(folder, 'some', 'toy', 'asr') })).splits[0]?.metrics).toEqual(
      asr.metrics,
    );
  });

  it.each([
    [{ layers: ['4-2'] }, /invalid value for 'layers': expected the smaller number first/],
    [{ layers: 'all' }, /layers/],
    [{ layers: [-1] }, /layers/],
  ])('refuses %o', async (settings, message) => {
    await expect(run('never', [ks(settings)])).rejects.toThrow(message);
  });

  it('names a hidden state that the encoder does not have', async () => {
    const suite = join(folder, 'beyond.json');
    await writeFile(
      suite,
      JSON.stringify({ name: 'beyond', encoders: [encoder], tasks: [ks({ layers: [99] })] }),
    );
    const { summary } = await runFromSuite({
      ...{
        suite,
        tasks: undefined,
        encoders: undefined,
        seeds: undefined,
        out: join(folder, 'beyond'),
        jobs: 1,
      },
      ...{
        engine: { name: 'onnx', provider: 'cpu', threads: 1 },
        quiet: true,
        signal: new AbortController().signal,
      },
    });
    expect(summary).toMatch(/invalid value for 'layers': toy has no hidden state 99 \(it has 0 to \d\)/);
  });
});

describe('run --layerwise', () => {
  it('adds a head a hidden state to results that are there, which stay as they are to the bit', async () => {
    const before = await sha256OfFile(results('toy', 'ks', 'record.json'));
    const encoded = await shards();
    const tasks = [ks(), { name: 'asr', manifest: 'tones.csv', settings: few }];
    const { comparison, said } = await run('out', tasks, { layerwise: true });
    expect(await sha256OfFile(results('toy', 'ks', 'record.json'))).toBe(before);
    // The encoder ran no further pass.
    expect(encoded.length).toBeGreaterThan(0);
    expect(await shards()).toEqual(encoded);
    expect(said.join('\n')).toMatch(/task asr: heads of kind frame-ctc cannot be trained layer by layer/);
    const [stored] = await readRecords([results('toy', 'ks')]);
    if (stored === undefined) throw new Error('no record');
    const layers = await readLayers(stored);
    const count = stored.record.layerWeights.length;
    expect(layers?.layers.map(({ layer }) => layer)).toEqual(Array.from({ length: count }, (_, i) => i));
    for (const { metrics } of layers?.layers ?? [])
      expect(metrics.accuracy).toMatchObject({
        utterances: 8,
        interval: [expect.any(Number), expect.any(Number)],
      });
    const lines = await readLayersLines(stored, layers as NonNullable<typeof layers>);
    expect(lines.map(({ id }) => id)).toEqual(
      (await predictionsOf(results('toy', 'ks', 'predictions.jsonl'))).map(({ id }) => id),
    );
    const right = lines.filter(({ reference, predictions }) => predictions[1] === reference).length;
    expect(layers?.layers[1]?.metrics.accuracy?.value).toBe(right / 8);
    const table = formatComparison(comparison as NonNullable<typeof comparison>, 'markdown');
    expect(table).toContain('ks: hidden state');
    expect(table).toContain('weighted sum');
  });

  it('has the predictions of all folds of a cross-validated task, each utterance once', async () => {
    const rows = (await readFile(join(folder, 'tones.csv'), 'utf8')).trim().split('\n');
    const folds = rows.map((row, i) => (i === 0 ? `${row},session` : `${row},s${(i % 6) >> 1}`));
    await writeFile(join(folder, 'er.csv'), `${folds.join('\n')}\n`);
    await run('er', [{ name: 'er', manifest: 'er.csv', settings: small }], { layerwise: true });
    const [stored] = await readRecords([join(folder, 'er')]);
    const layers = stored && (await readLayers(stored));
    if (stored === undefined || layers === undefined) throw new Error('no hidden states');
    const lines = await readLayersLines(stored, layers);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(24);
    const own = await predictionsOf(join(folder, 'er', 'toy', 'er', 'predictions.jsonl'));
    expect(lines.map(({ id }) => id)).toEqual(own.map(({ id }) => id));
    expect(layers.layers[0]?.metrics.accuracy).toMatchObject({ utterances: 24, intervalOver: 'units' });
  });

  it('is the heads of the setting layers, one each', async () => {
    await run('one', [ks({ layers: [1] })]);
    const alone = await predictionsOf(join(folder, 'one', 'toy', 'ks', 'predictions.jsonl'));
    const [stored] = await readRecords([results('toy', 'ks')]);
    const layers = stored && (await readLayers(stored));
    if (stored === undefined || layers === undefined) throw new Error('no hidden states');
    const lines = await readLayersLines(stored, layers);
    expect(lines.map(({ predictions }) => predictions[1])).toEqual(alone.map(({ prediction }) => prediction));
  });

  it('is told by a suite file as well, over seeds, in every format, and not of results of other work', async () => {
    const suite = join(folder, 'seeds.json');
    await writeFile(
      suite,
      JSON.stringify({ name: 'seeds', encoders: [encoder], tasks: [ks()], layerwise: true, seeds: [1, 2] }),
    );
    await runFromSuite({
      ...{
        suite,
        tasks: undefined,
        encoders: undefined,
        seeds: undefined,
        out: join(folder, 'seeds'),
        jobs: 1,
      },
      ...{
        engine: { name: 'onnx', provider: 'cpu', threads: 1 },
        quiet: true,
        signal: new AbortController().signal,
      },
    });
    const records = await readRecords([join(folder, 'seeds')]);
    const comparison = await withLayers(compareRecords(records), records);
    const [table] = comparison.layers ?? [];
    expect(table?.rows[0]?.layers[0]).toMatchObject({
      seeds: 2,
      interval: [expect.any(Number), expect.any(Number)],
    });
    const csv = formatComparison(comparison, 'csv').split('\n');
    expect(csv[0]).toMatch(/,published,layer$/);
    expect(csv.at(-1)).toMatch(new RegExp(`,${(table?.rows[0]?.layers.length ?? 0) - 1}$`));
    expect(formatComparison(comparison, 'latex')).toContain('weighted sum');
    expect(JSON.parse(formatComparison(comparison, 'json'))).toHaveProperty('layers');
    const other = records.map(({ path, record }) => ({ path, record: { ...record, preset: 'superb' } }));
    expect((await withLayers(compareRecords(other), other)).layers).toBeUndefined();
    const [first] = records;
    const file = join(first?.path ?? '', '..', 'layers.jsonl');
    const layers = first && (await readLayers(first));
    expect((await checkResults([join(folder, 'seeds')])).faults).toEqual([]);
    await appendFile(file, '{}\n');
    expect((await checkResults([join(folder, 'seeds')])).faults).toEqual([
      expect.stringMatching(/layers.jsonl: does not match layers.json/),
    ]);
    if (first !== undefined && layers !== undefined)
      await expect(readLayersLines(first, layers)).rejects.toThrow(/its predictions have changed/);
  });
});
