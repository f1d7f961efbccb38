/** @file Tests of the record of fine-tuning: what is written is read again, and what is not its own is refused. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type FinetunedLine,
  finetuningFileName,
  type NewFinetuning,
  readFinetunedLines,
  readFinetuning,
  type StoredFinetuning,
  writeFinetuning,
} from './finetuning-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-finetuning-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function linesOf(stored: StoredFinetuning): Promise<FinetunedLine[]> {
  const lines: FinetunedLine[] = [];
  for await (const line of readFinetunedLines(stored, 'test/other')) lines.push(line);
  return lines;
}

const hash = '0'.repeat(64);
const result: NewFinetuning = {
  encoder: { name: 'tiny', spec: 'runs/tiny', hash, family: 'ehmam' },
  result: { hash },
  manifest: { path: 'speech.csv', hash },
  train: { utterances: 2, seconds: 3.5, ids: hash, audio: hash, texts: hash },
  preset: '10m',
  settings: { updates: 10 },
  seed: 1,
  tokens: ['<s>', '|', 'a'],
  updates: 10,
  bestUpdate: 8,
  curve: [{ update: 8, trainLoss: 2, wer: 0.5 }],
  skipped: [{ id: 'c', split: 'train', reason: 'its text is longer than its frames allow' }],
  splits: {
    'test/other': {
      utterances: 1,
      words: 2,
      greedy: { wer: 0.5, cer: 0.25, interval: [0, 1], intervalOver: 'utterances' },
      lines: [{ id: 'a', prediction: { text: 'a' }, reference: { text: 'a b' } }],
    },
  },
  engine: { name: 'onnx', provider: 'cpu', versions: { ehmam: '1', node: '1', onnxruntime: '1', tfjs: '1' } },
  costs: { seconds: 1, peakMemoryMB: 1, audioSeconds: 1 },
  createdAt: '2026-01-01T00:00:00.000Z',
};

it('is read as it was written, with the predictions of its splits', async () => {
  const written = await writeFinetuning(folder, result);
  const stored = await readFinetuning(folder);
  expect(stored.record).toEqual(written);
  expect(await linesOf(stored)).toEqual(result.splits['test/other']?.lines);
});

it('names a split that it does not have, predictions of another run, and a field that is wrong', async () => {
  await writeFinetuning(folder, result);
  const stored = await readFinetuning(folder);
  await expect(readFinetunedLines(stored, 'dev').next()).rejects.toThrow(/no split 'dev'.*test\/other/);
  const predictions = join(folder, stored.record.splits['test/other']?.predictions ?? '');
  await writeFile(predictions, (await readFile(predictions, 'utf8')).replace('a b', 'b b'));
  await expect(linesOf(stored)).rejects.toThrow(
    /predictions\.test%2Fother\.jsonl: does not match its record/,
  );
  await writeFile(join(folder, finetuningFileName), JSON.stringify({ ...stored.record, updates: 'ten' }));
  await expect(readFinetuning(folder)).rejects.toThrow(/finetuning\.json:1:\d+: .*updates/);
});
