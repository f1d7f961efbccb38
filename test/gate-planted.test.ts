/** @file The gate over real heads: shuffled features fail it, a rerun and another seed pass. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Columns } from '../src/api/task.js';
import { randomStream } from '../src/base/random.js';
import { runGate } from '../src/cli/gate/run.js';
import { createEngine } from '../src/engine/create.js';
import type { Engine } from '../src/engine/engine.js';
import { pooledSettingsSchema } from '../src/heads/pooled-linear/settings.js';
import { trainPooledHeads } from '../src/heads/pooled-linear/training.js';
import { parseSettings } from '../src/heads/settings.js';
import { columnsOf, heldFeatures, rowsOf, workOf } from '../src/heads/toy-work.fixture.js';
import { newRecord } from '../src/results/records.fixture.js';
import { writeRecord } from '../src/results/store.js';
import { ks } from '../tasks/ks/index.js';

const classes = ['down', 'go', 'up'];
const sizes = { train: 90, dev: 45, test: 120 } as const;
const total = sizes.train + sizes.dev + sizes.test;
const settings = parseSettings(
  pooledSettingsSchema,
  { projectionSize: 8, maximumUpdates: 60, learningRates: [0.03] },
  'ks',
);
let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-planted-'));
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(() => rm(folder, { recursive: true }));

/** Trains a head on three noisy clusters and records how it does; the features of training may be shuffled. */
async function trained(name: string, { seed = 1, shuffled = false, manifest = 'b' } = {}): Promise<string> {
  const noise = randomStream(1, 'noise');
  const features = Array.from({ length: total }, (_, i) =>
    Float32Array.from({ length: 4 }, (_, d) => (d === i % 3 ? 1 : 0) + 0.4 * noise.normal()),
  );
  const training = features.slice(0, sizes.train);
  const seen = shuffled ? randomStream(1, 'shuffle').shuffle(training) : training;
  const labels = Array.from({ length: total }, (_, i): Columns => ({ label: classes[i % 3] as string }));
  const references = {
    train: labels.slice(0, sizes.train),
    dev: labels.slice(sizes.train, sizes.train + sizes.dev),
    test: labels.slice(sizes.train + sizes.dev),
  };
  const [metric] = ks.metrics;
  const score = (predictions: readonly Columns[], wanted: readonly Columns[]): number =>
    ks.evaluate(rowsOf(predictions, wanted)).accuracy?.value ?? 0;
  const held = heldFeatures(1, 4, [...seen, ...features.slice(sizes.train)]);
  const work = workOf(engine, held, references, { metric, score });
  const [head] = await trainPooledHeads(work, [{ column: 'label', classes }], settings, [seed]);
  if (head === undefined) throw new Error('no head was trained');
  const predictions = columnsOf(head.predictions);
  const value = score(predictions, references.test);
  const place = join(folder, name);
  await writeRecord(
    place,
    newRecord({
      task: { name: 'ks', version: ks.version },
      manifest: { path: 'ks.csv', hash: manifest },
      seed,
      metrics: { accuracy: { value, direction: 'higher', utterances: sizes.test } },
    }),
    predictions.map(({ label }, i) => ({
      id: `u${i}`,
      prediction: label,
      reference: references.test[i]?.label,
    })),
  );
  return place;
}

const verdictOf = async (baseline: string, fresh: string): Promise<string> =>
  (
    await runGate(baseline, fresh, {
      tolerance: 0.01,
      level: 0.05,
      junit: undefined,
      environment: {},
    })
  ).report.verdict;

it('fails a head that was trained on shuffled features', async () => {
  expect(await verdictOf(await trained('a'), await trained('shuffled', { shuffled: true }))).toBe(
    'regressed',
  );
});

it('passes an identical rerun and a rerun with another seed', async () => {
  const baseline = await trained('a');
  expect(await verdictOf(baseline, await trained('rerun'))).toBe('holds');
  expect(await verdictOf(baseline, await trained('seed', { seed: 2 }))).toBe('holds');
});

it('does not compare with a baseline of another manifest', async () => {
  expect(await verdictOf(await trained('other', { manifest: 'c' }), await trained('a'))).toBe(
    'could not compare',
  );
});
