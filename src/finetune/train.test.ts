/** @file Tests of whole fine-tunings: what is learnt, kept, gone on with and recorded. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { sha256OfFile } from '../base/files.js';
import { loadEncoder } from '../encoders/load.js';
import { loadRecogniser } from '../encoders/recogniser.js';
import type { Engine } from '../engine/engine.js';
import { distance, engineUnderTest } from '../engine/engines.fixture.js';
import { spokenEncoder, spokenSettings, writeSpokenManifest } from './finetuning.fixture.js';
import type { FinetuneLog } from './loop.js';
import type { FinetuneSettings } from './settings.js';
import { type FinetuneOptions, finetune } from './train.js';

// The machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let manifest: string;
let engine: Engine;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-finetune-'));
  manifest = await writeSpokenManifest(folder, { train: 24, dev: 4, 'test-other': 4 });
  engine = await engineUnderTest('onnx');
});
afterAll(() => rm(folder, { recursive: true }));

const run = (out: string, settings: FinetuneSettings, more: Partial<FinetuneOptions> = {}) =>
  finetune({
    ...{ encoder: spokenEncoder(), settings, preset: 'toy', manifest, out: join(folder, out), engine },
    ...{ quiet: true, ...more },
  });

async function logOf(out: string): Promise<Omit<FinetuneLog, 'seconds' | 'waiting'>[]> {
  const lines = (await readFile(join(folder, out, 'log.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const { seconds: _, waiting: __, ...rest } = JSON.parse(line) as FinetuneLog;
    return rest;
  });
}

it('learns what is said, keeps what did best on dev, and is done once', async () => {
  const settings = spokenSettings();
  const tensorboard = join(folder, 'scalars');
  const { record } = await run('whole', settings, { tensorboard });
  expect(await readdir(tensorboard)).toEqual([expect.stringMatching(/^events\.out\.tfevents\./)]);
  if (record === undefined) throw new Error('it was not finished');
  const [first] = record.curve;
  expect(record.curve.map(({ update }) => update)).toEqual([12, 18, 24]);
  expect(record.curve.at(-1)?.trainLoss).toBeLessThan((first?.trainLoss ?? 0) / 2);
  const best = Math.min(...record.curve.map(({ wer }) => wer));
  expect(record.curve.findLast(({ wer }) => wer === best)?.update).toBe(record.bestUpdate);
  expect(record.splits.dev?.greedy.wer).toBe(best);
  expect(Object.keys(record.splits)).toEqual(['dev', 'test-other']);
  expect(record).toMatchObject({ updates: 24, train: { utterances: 24 }, skipped: [], seed: 1 });
  expect(record.tokens).toHaveLength(32);

  const { encoder, recognition } = await loadRecogniser(join(folder, 'whole'));
  expect(encoder.hash).toBe(record.result.hash);
  expect(recognition.tokens).toEqual(record.tokens);
  // The output layer alone was trained in the first three updates, then all but nothing: log-mel has no convolutions.
  for (const [name, { data }] of Object.entries(spokenEncoder().parameters))
    expect(data, name).not.toEqual(encoder.parameters[name]?.data);

  const log = await logOf('whole');
  expect(log.filter((line) => 'loss' in line).map(({ step }) => step)).toEqual(
    Array.from({ length: 24 }, (_, i) => i + 1),
  );
  expect(existsSync(join(folder, 'whole', 'checkpoint.safetensors'))).toBe(false);
  const again = await run('whole', settings, {
    onProgress: () => {
      throw new Error('an update was done');
    },
  });
  expect(again.record).toEqual(record);
  await expect(run('whole', { ...settings, updates: 25 })).rejects.toThrow(
    /different settings: settings\.updates \(24 there, 25 here\)/,
  );
});

it('goes on from an interruption to the very bytes of one that was left alone', async () => {
  const settings = spokenSettings();
  const stop = new AbortController();
  const stopped = await run('stopped', settings, {
    signal: stop.signal,
    onProgress: (share) => share >= 0.6 && stop.abort(),
  });
  expect(stopped).toEqual({ finished: false, updates: 15 });
  await expect(run('stopped', settings)).rejects.toThrow(
    /already contains an unfinished fine-tuning run.*--resume/,
  );
  const said: string[] = [];
  await run('stopped', settings, { resume: true, say: (remark) => said.push(remark) });
  expect(said).toEqual(['fine-tuning of toy: resuming from update 15']);
  for (const file of ['model.safetensors', 'config.json', 'predictions.test-other.jsonl'])
    expect(await sha256OfFile(join(folder, 'stopped', file)), file).toBe(
      await sha256OfFile(join(folder, 'whole', file)),
    );
  expect(await logOf('stopped')).toEqual(await logOf('whole'));
});

it('has the same result however an update is cut into parts', async () => {
  const short = { updates: 2, frozenUpdates: 0, dev: { from: 2, everyUpdates: 0, everyEpochs: 0 } };
  const settings = spokenSettings(short);
  const { batch } = settings;
  await run('together', { ...settings, batch: { ...batch, samplesAtOnce: batch.samples } });
  await run('apart', { ...settings, batch: { ...batch, samplesAtOnce: 70_000 } });
  const [together, apart] = [await logOf('together'), await logOf('apart')];
  // Weights that no loss depends on move by rounding alone: what the second update sees is compared.
  for (const [i, { loss, gradientNorm }] of together.slice(0, 2).entries()) {
    expect(Math.abs((apart[i]?.loss ?? 0) / loss - 1)).toBeLessThan(1e-5);
    expect(Math.abs((apart[i]?.gradientNorm ?? 0) / gradientNorm - 1)).toBeLessThan(1e-4);
  }
});

it('trains all but the convolutions of a family of transformers, masks with its own frame, and can be trained further', async () => {
  const encoder = await loadEncoder('test/fixtures/huggingface/wav2vec2-group');
  const settings = spokenSettings({
    ...{ updates: 2, frozenUpdates: 1, alphabet: 'text', learningRate: 0.01 },
    dev: { from: 2, everyUpdates: 0, everyEpochs: 0 },
  });
  const { record } = await run('hub', settings, { encoder });
  expect(record?.tokens).toEqual(['<s>', '|', 'E', 'N', 'O']);
  const trained = await loadRecogniser(join(folder, 'hub'));
  for (const [name, { data }] of Object.entries(encoder.parameters)) {
    const same = expect(trained.encoder.parameters[name]?.data, name);
    if (name.startsWith('feature_extractor.')) same.toEqual(data);
    else same.not.toEqual(data);
  }
  expect(trained.encoder.maskEmbedding?.data).toHaveLength(encoder.dims[0] as number);
  expect(trained.encoder.maskEmbedding?.data).not.toEqual(encoder.maskEmbedding?.data);

  // At a rate of nearly nothing the layer that is kept stays what it was.
  const still = { ...settings, updates: 1, learningRate: 1e-9, dev: { ...settings.dev, from: 1 } };
  await run('further', still, { encoder: trained.encoder, keepOutput: true });
  const { recognition } = await loadRecogniser(join(folder, 'further'));
  expect(recognition.tokens).toEqual(trained.recognition.tokens);
  expect(distance(recognition.weight, trained.recognition.weight)).toBeLessThan(1e-6);
});
