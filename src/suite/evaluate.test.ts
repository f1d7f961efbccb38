/** @file A task of statistics, tensors and columns of some splits: planned, evaluated, recorded, judged again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { HeadKind, HeadResult } from '../api/head-kind.js';
import type { JudgedRow, Split, Task } from '../api/task.js';
import { writeWav } from '../audio/index.js';
import { float32, floatsOf } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import { checkResults } from '../cli/validate/results.js';
import { type ManifestRow, writeManifest } from '../data/rows.js';
import { createEngine } from '../engine/create.js';
import { toyEncoder } from '../features/toy-encoder.fixture.js';
import { headKinds } from '../heads/registry.js';
import { equalErrorRateStatistic } from '../metrics/index.js';
import { knownTasks } from '../plugins/known-tasks.js';
import { scoresOf } from '../results/scores.js';
import { type EvaluateOptions, evaluate } from './evaluate.js';
import { planTask } from './plan.js';
import { evaluateInto } from './record-heads.js';

/** Trains nothing: the mean of the last layer is the prediction. */
const means: HeadKind = {
  kind: 'means',
  about: 'means over time, as they are',
  settings: z.strictObject({}),
  reads: () => ({ store: 'pooled' }),
  seedsTogether: false,
  cost: () => ({ work: 1, secondsPerUnit: 0.01 }),
  async train({ features, places, score }, _spec, _settings, seeds) {
    const { layers, dim } = features;
    const predict = async (split: Split) => {
      const predictions = [];
      for (const place of places[split]) {
        const values = await features.load(place);
        const embedding = float32([dim], values.slice((layers - 1) * dim, layers * dim));
        predictions.push({ columns: {}, tensors: { embedding } });
      }
      return predictions;
    };
    const devMetric = score(await predict('dev'), 'dev');
    const predictions = await predict('test');
    return seeds.map(
      (): HeadResult => ({
        tried: [{ learningRate: 1, devMetric, updates: 0, ended: 'finished' }],
        chosen: 1,
        curve: [],
        layerWeights: [],
        head: { stored: {}, parameters: { nothing: float32([1]) } },
        predictions,
        earlierSeconds: 0,
      }),
    );
  },
  stored: z.strictObject({}),
  forward: () => ({}),
};

const task: Task = {
  name: 'pairs',
  version: 1,
  summary: 'whether two tones are the same',
  columns: ['speaker', { name: 'trials', splits: ['dev', 'test'] }],
  metrics: [{ name: 'eer', direction: 'lower', kind: 'statistic', tensors: ['embedding'] }],
  head: () => ({ kind: 'means' }),
  evaluate(rows) {
    const byId = new Map(rows.map((row) => [row.id, row]));
    const values = (row: JudgedRow | undefined): Float32Array => {
      const tensor = row?.tensors?.embedding;
      if (tensor === undefined) throw new Error(`no embedding of ${row?.id}`);
      return floatsOf(tensor);
    };
    const trials = rows.flatMap((row) =>
      (row.reference.trials ?? '').split(' ').map((id) => {
        const [a, b] = [values(row), values(byId.get(id))];
        const score = -a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0);
        return { score, same: byId.get(id)?.reference.speaker === row.reference.speaker, unit: row.id };
      }),
    );
    return { eer: equalErrorRateStatistic(trials) };
  },
};

let folder: string;
let manifest: string;
let options: EvaluateOptions;
beforeAll(async () => {
  headKinds.register(means, 'evaluate.test.ts');
  folder = await mkdtemp(join(tmpdir(), 'ehmam-evaluate-'));
  manifest = join(folder, 'pairs.csv');
  const rows: ManifestRow[] = [];
  for (const [split, size] of Object.entries({ train: 2, dev: 6, test: 12 })) {
    for (let i = 0; i < size; i++) {
      const random = randomStream(i, split);
      const tone = (_: unknown, n: number): number =>
        0.4 * Math.sin(n * (0.3 + 0.5 * (i % 3))) + 0.3 * random.normal();
      const path = `${split}-${i}.wav`;
      await writeWav(join(folder, path), Float32Array.from({ length: 640 }, tone), 16000);
      const trials = [1, 2, 3].map((step) => `${split}-${(i + step) % size}`).join(' ');
      const speaker = `s${i % 3}`;
      rows.push({ id: `${split}-${i}`, path, split, speaker, trials: split === 'train' ? '' : trials });
    }
  }
  await writeManifest(manifest, rows);
  options = {
    engine: await createEngine('onnx', { threads: 1 }),
    seeds: [1, 2],
    quiet: true,
    storage: { folder: join(folder, 'cache') },
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function planned(changed: Task = task) {
  knownTasks.register(changed, 'evaluate.test.ts');
  return planTask({ name: 'pairs', manifest });
}

describe('a task whose metric is a statistic over tensors', () => {
  test('is recorded with an interval over its own units, tensors beside it, and comes out the same when it is judged again', async () => {
    const folderOf = (seed: number): string => join(folder, `seed-${seed}`);
    const stored = await evaluateInto(toyEncoder(1, 24), await planned(), { ...options, folderOf });
    expect(stored.map(({ record }) => record.seed)).toEqual([1, 2]);
    for (const each of stored) {
      const { eer } = each.record.metrics;
      expect(eer).toMatchObject({ direction: 'lower', intervalOver: 'units', utterances: 12 });
      expect(each.record.tensors?.file).toBe('predictions.safetensors');
      const scores = await scoresOf(each, 'eer', [task]);
      expect('statistic' in scores && scores.statistic.value).toBe(eer?.value);
    }
    expect((await checkResults([folderOf(1), folderOf(2)])).faults).toEqual([]);
  });

  test('is planned though train leaves the column of trials empty, and refused where test does', async () => {
    const { data } = await planned();
    expect(data.train.map(({ columns }) => columns.trials)).toEqual(['', '']);
    const needy = { ...task, columns: ['speaker', 'trials'] };
    await expect(planned(needy)).rejects.toThrow(/pairs.csv:2: column 'trials' is empty/);
  });

  test('that promises a metric and does not give it is refused at the first look at dev', async () => {
    const more: Task = { ...task, metrics: [...task.metrics, { name: 'dcf', direction: 'lower' }] };
    const asked = evaluate(toyEncoder(1, 24), await planned(more), options);
    await expect(asked).rejects.toThrow(/invalid metrics of the task 'pairs': dcf is missing/);
  });
});
