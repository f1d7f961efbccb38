/** @file Which results are handed in, and where their files go. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ResultRecord } from '../../results/record.js';
import { exampleRecord, newRecord } from '../../results/records.fixture.js';
import { writeRecord } from '../../results/store.js';
import { type SubmissionRequest, writeSubmission } from './write.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-submission-'));
});
afterEach(() => rm(folder, { recursive: true }));

const result = (encoder: string, task: string, parts: Partial<ResultRecord> = {}) =>
  writeRecord(
    join(folder, 'results', `seed-${parts.seed ?? 1}`),
    newRecord({
      encoder: { ...exampleRecord().encoder, name: encoder },
      task: { name: task, version: 1 },
      ...parts,
    }),
    [{ id: '1-2-3', prediction: 'HELLO', reference: 'HELLO YOU' }],
  );
const write = (change: Partial<SubmissionRequest> = {}) =>
  writeSubmission({
    ...{ results: [join(folder, 'results')], out: join(folder, 'out'), encoder: undefined, seed: undefined },
    ...change,
  });

it('writes a file a task, says what is left out, and what the leaderboard would not take', async () => {
  await result('tiny', 'asr');
  await result('tiny', 'sd');
  expect(await write()).toEqual({
    encoder: 'tiny',
    files: ['predict/asr_public/predict.ark', 'truth/asr_public/truth.ark'],
    remarks: [
      "sd skipped: the leaderboard takes each frame's probabilities (HDF5), and results keep turns",
      "asr: SUPERB's test set has 2620 utterances, these predictions 1; the leaderboard compares with its own",
    ],
  });
  expect(await readFile(join(folder, 'out', 'predict', 'asr_public', 'predict.ark'), 'utf8')).toBe(
    '1-2-3 HELLO\n',
  );
  await expect(write()).rejects.toThrow("already contains a folder 'predict'");
});

it('takes one encoder and seed, and nothing where it is not clear which', async () => {
  await result('tiny', 'asr');
  await result('tiny', 'asr', { seed: 2 });
  await result('fbank', 'asr');
  await expect(write()).rejects.toThrow(
    'the results contain 2 encoders. Choose one with --encoder: fbank, tiny',
  );
  await expect(write({ encoder: 'tinny' })).rejects.toThrow("no results of 'tinny'. Did you mean 'tiny'?");
  await expect(write({ encoder: 'tiny' })).rejects.toThrow(
    'there are 2 results of tiny on asr. Name one with --seed: 1337, 2',
  );
  await expect(write({ encoder: 'tiny', seed: 3 })).rejects.toThrow('no results of tiny with seed 3');
  expect(await readdir(folder)).toEqual(['results']);
  expect((await write({ encoder: 'tiny', seed: 2 })).encoder).toBe('tiny');
});

it('refuses results of which none can be handed in', async () => {
  await result('tiny', 'sd');
  await expect(write()).rejects.toThrow(/no results of tasks with a submission format: sd skipped/);
});
