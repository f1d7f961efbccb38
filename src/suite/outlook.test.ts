/** @file What is known of a run before it starts: features that an earlier run has stored take no time. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { storeName } from '../features/store.js';
import { demoJobs } from './demo-jobs.fixture.js';
import type { FeaturesJob, JobGraph } from './job.js';
import { outlookOf } from './outlook.js';
import { rememberPace } from './paces.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-outlook-'));
});
afterEach(() => rm(folder, { recursive: true }));

const demo = demoJobs()
  .map(({ job }) => job)
  .find(({ key }) => key === 'f ks fbank') as FeaturesJob;
/** Two shards of means. */
const job: FeaturesJob = {
  ...demo,
  encoder: { ...demo.encoder, hash: 'a'.repeat(64) },
  utterances: 600,
  part: { index: 0, of: 1 },
};
const secondsOf = (graph: Partial<JobGraph> = {}): number => {
  const whole = { jobs: [job], cacheFolder: folder, engine: { name: 'onnx' }, ...graph };
  return outlookOf(whole as JobGraph, new Map(), 1).estimator.of(job).seconds;
};

it('estimates what is left of features, by the shards that are there', async () => {
  const all = secondsOf();
  expect(all).toBeGreaterThan(0);
  const engine = { name: 'onnx', provider: 'cpu' };
  const store = join(
    folder,
    'features',
    storeName({ encoderHash: 'a'.repeat(64), audioHash: 'ks', kind: 'pooled', engine }),
  );
  await mkdir(store, { recursive: true });
  await writeFile(join(store, 'shard-00000.json'), '');
  expect(secondsOf()).toBe(all / 2);
  await writeFile(join(store, 'shard-00001.json'), '');
  expect(secondsOf()).toBe(0);
  expect(secondsOf({ verifyFeatures: true })).toBe(all);
  expect(secondsOf({ engine: { name: 'wasm' } })).toBe(all);
});

it('takes the paces that this machine remembers', async () => {
  const rough = secondsOf();
  const origin = { engine: { name: 'onnx' as const }, threads: 1 };
  await rememberPace(
    folder,
    { pace: 'features | 0 parameters | pooled', seconds: 30, rough: 10 },
    origin,
    () => {
      throw new Error('it cannot be written');
    },
  );
  expect(secondsOf()).toBeCloseTo(3 * rough, 10);
});
