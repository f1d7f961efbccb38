import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../audio/index.js';
import { writeManifest } from '../data/manifest.js';
import { melConfig } from '../pretrain/training.fixture.js';
import { randomStream } from '../random.js';
import { type Job, jobSize } from './job.js';
import { runJobs } from './threads.js';

let folder = '';
let job: Job;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-threads-'));
  const random = randomStream(1, 'noise');
  await writeWav(
    join(folder, 'a.wav'),
    Float32Array.from({ length: 16000 }, () => 0.1 * random.normal()),
    16000,
  );
  await writeManifest(join(folder, 'm.csv'), [{ id: 'a', path: 'a.wav', split: 'train' }]);
  job = {
    kind: 'pretrain',
    config: melConfig,
    manifest: join(folder, 'm.csv'),
    out: join(folder, 'run'),
    engine: { name: 'onnx', threads: 1 },
  };
});
afterAll(() => rm(folder, { recursive: true }));

const ignore = (): void => undefined;

describe('jobs', () => {
  it('tell of every step, and end when all is done', async () => {
    const told: number[] = [];
    const signal = new AbortController().signal;
    await runJobs([job], { threads: 2, signal, onProgress: (_job, done) => told.push(done) });
    expect(told).toEqual(Array.from({ length: jobSize(job) }, (_, i) => i + 1));
  });

  it('are not started after a stop', async () => {
    const told: number[] = [];
    await runJobs([job], {
      threads: 1,
      signal: AbortSignal.abort(),
      onProgress: (_job, done) => told.push(done),
    });
    expect(told).toEqual([]);
  });

  it('fail with the first failure', async () => {
    const missing: Job = { ...job, manifest: join(folder, 'none.csv') } as Job;
    const run = runJobs([missing, job], {
      threads: 1,
      signal: new AbortController().signal,
      onProgress: ignore,
    });
    await expect(run).rejects.toThrow(/none\.csv/);
  });
});
