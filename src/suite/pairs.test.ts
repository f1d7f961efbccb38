/** @file A task that judges pairs: planned, evaluated, recorded; its file of pairs is a part of what a result is. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { HeadKind, HeadResult, HeadWork } from '../api/head-kind.js';
import type { Split, Task } from '../api/task.js';
import { writeWav } from '../audio/index.js';
import { float32 } from '../base/host-tensor.js';
import { checkResults } from '../cli/validate/results.js';
import { checkTaskManifest } from '../cli/validate/task-manifest.js';
import { createEngine } from '../engine/create.js';
import { toyEncoder } from '../features/toy-encoder.fixture.js';
import { headKinds } from '../heads/registry.js';
import { equalErrorRateStatistic } from '../metrics/index.js';
import { knownTasks } from '../plugins/known-tasks.js';
import { compareRecords } from '../results/compare.js';
import { scoresOf } from '../results/scores.js';
import { loadSuite } from './definition.js';
import { planTask } from './plan.js';
import { evaluateInto } from './record-heads.js';

let worked: HeadWork | undefined;

/** Trains nothing: pairs are as alike as the means of their last layers. */
const likeness: HeadKind = {
  kind: 'likeness',
  about: 'distances of means over time',
  settings: z.strictObject({}),
  reads: () => ({ store: 'pooled' }),
  seedsTogether: false,
  cost: () => ({ work: 1, secondsPerUnit: 0.01 }),
  async train(work, _spec, _settings, seeds) {
    worked = work;
    const { features, places, pairs, score } = work;
    const { layers, dim } = features;
    const predict = async (split: Split) => {
      const means = await Promise.all(
        places[split].map(async (place) => (await features.load(place)).slice((layers - 1) * dim)),
      );
      return (pairs?.[split] ?? []).map(({ first, second }) => {
        const distance = (means[first] ?? new Float32Array()).reduce(
          (sum, value, i) => sum + Math.abs(value - (means[second]?.[i] ?? 0)),
          0,
        );
        return { columns: { score: String(-distance) } };
      });
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
  name: 'same-tone',
  version: 1,
  summary: 'whether two tones are the same',
  columns: [{ name: 'speaker', splits: ['train'] }],
  pairs: { first: 'enrol', second: 'test', columns: ['target'], splits: ['dev', 'test'] },
  metrics: [{ name: 'eer', direction: 'lower', kind: 'statistic' }],
  head: () => ({ kind: 'likeness' }),
  evaluate: (rows) => ({
    eer: equalErrorRateStatistic(
      rows.map(({ id, prediction, reference }) => ({
        score: Number(prediction.score),
        same: reference.target === '1',
        unit: id,
      })),
    ),
  }),
};

let folder: string;
let manifest: string;
let pairs: string;
beforeAll(async () => {
  headKinds.register(likeness, 'pairs.test.ts');
  knownTasks.register(task, 'pairs.test.ts');
  folder = await mkdtemp(join(tmpdir(), 'ehmam-judged-pairs-'));
  const rows = ['id,path,split,speaker'];
  const trials = ['split,enrol,test,target'];
  for (const split of ['train', 'dev', 'test']) {
    for (const i of [0, 1, 2, 3]) {
      const path = join(folder, `${split}${i}.wav`);
      const tone = (_: unknown, n: number): number =>
        0.3 * Math.sin(n * (i % 2 === 0 ? 0.2 : 0.9) + i) + (i * n) / 1e6;
      await writeWav(path, Float32Array.from({ length: 640 }, tone), 16000);
      rows.push(`${split}${i},${path},${split},${split === 'train' ? `s${i % 2}` : ''}`);
      if (split === 'train') continue;
      for (let other = 0; other < i; other++)
        trials.push(`${split},${split}${i},${split}${other},${(i - other) % 2 === 0 ? 1 : 0}`);
    }
  }
  manifest = join(folder, 'm.csv');
  pairs = join(folder, 'trials.csv');
  await writeFile(manifest, rows.join('\n'));
  await writeFile(pairs, trials.join('\n'));
});
afterAll(() => rm(folder, { recursive: true }));

const wanted = () => ({ name: 'same-tone', manifest, pairs });

async function run(name: string, from: Parameters<typeof planTask>[0] = wanted(), maxBad = 0) {
  return evaluateInto(toyEncoder(1, 24), await planTask(from), {
    engine: await createEngine('onnx', { threads: 1 }),
    seeds: [1],
    quiet: true,
    storage: { folder: join(folder, 'cache'), mostBad: maxBad },
    folderOf: () => join(folder, name),
  });
}

describe('a task that judges pairs', () => {
  test('has references, predictions and a metric of pairs, and its file in the record', async () => {
    const [stored] = await run('out');
    if (stored === undefined || worked === undefined) throw new Error('nothing was evaluated');
    expect(worked.references.train).toEqual([0, 1, 0, 1].map((i) => ({ speaker: `s${i}` })));
    expect(worked.references.test[1]).toEqual({ enrol: 'test2', test: 'test0', target: '1' });
    expect(worked.pairs?.test?.[1]).toMatchObject({ id: 'test2 test0', first: 2, second: 0 });
    expect(worked.places.test).toHaveLength(4);
    const { record } = stored;
    expect(record.metrics.eer).toMatchObject({ utterances: 6, intervalOver: 'units' });
    expect(record.pairs?.path).toMatch(/trials.csv$/);
    const scores = await scoresOf(stored, 'eer', [task]);
    expect(scores.ids).toEqual(['10', '20', '21', '30', '31', '32'].map(([a, b]) => `test${a} test${b}`));
    expect('statistic' in scores && scores.statistic.value).toBe(record.metrics.eer?.value);
    expect((await checkResults([join(folder, 'out')])).faults).toEqual([]);
  });

  test('is another result where the file says something else, and the same where it is only written otherwise', async () => {
    const text =
      'split,enrol,test,target\ndev,dev0,dev1,0\ndev,dev0,dev2,1\ntest,test0,test1,0\ntest,test0,test2,1\n';
    const file = join(folder, 'other.csv');
    await writeFile(file, text);
    const planned = await planTask({ ...wanted(), pairs: file });
    const first = await planTask(wanted());
    expect(planned.manifest.hash).not.toBe(first.manifest.hash);
    expect(planned.hashes.audio).toBe(first.hashes.audio);
    const copy = join(folder, 'copy.csv');
    await writeFile(copy, text.replaceAll('\n', '\r\n'));
    expect((await planTask({ ...wanted(), pairs: copy })).manifest.hash).toBe(planned.manifest.hash);
    const [[one], [two]] = [await run('out'), await run('other', { ...wanted(), pairs: file })];
    if (one === undefined || two === undefined) throw new Error('nothing was evaluated');
    expect(compareRecords([one, two]).columns).toHaveLength(2);
    // A job plans the task again with the hashes it was given.
    const again = await planTask({ ...wanted(), pairs: file }, {}, 0, async () => planned.hashes);
    expect(again.hashes).toEqual(planned.hashes);
    await writeFile(file, text.replace('test2,1', 'test3,1'));
    await expect(planTask({ ...wanted(), pairs: file }, {}, 0, async () => planned.hashes)).rejects.toThrow(
      /other.csv: the pairs file has changed since the run was planned/,
    );
  });

  test('leaves out the pairs of an utterance whose audio cannot be used', async () => {
    const broken = join(folder, 'broken.csv');
    await writeFile(join(folder, 'noise.wav'), 'no audio');
    const text = await readFile(manifest, 'utf8');
    await writeFile(broken, text.replace(/\S+test3.wav/, 'test3,noise.wav'));
    const [stored] = await run('broken', { ...wanted(), manifest: broken }, 0.5);
    expect(stored?.record.skipped?.map(({ id }) => id)).toEqual(['test3']);
    expect(stored?.record.metrics.eer?.utterances).toBe(3);
  });

  test('is refused without its file, and another task with one', async () => {
    await expect(planTask({ name: 'same-tone', manifest })).rejects.toThrow(
      /the task 'same-tone' needs a pairs file. Pass it with --pairs .* split, enrol, test, target/,
    );
    await expect(planTask({ name: 'sid', manifest, pairs })).rejects.toThrow(
      /the task 'sid' does not use pairs/,
    );
    const bad = join(folder, 'bad.csv');
    await writeFile(bad, 'split,enrol,test,target\ntest,test0,test9,1\n');
    await expect(planTask({ ...wanted(), pairs: bad })).rejects.toThrow(
      /bad.csv:2: the manifest has no utterance/,
    );
  });

  test('is named with its file in a suite, from the suite file', async () => {
    const file = join(folder, 'suite.json');
    const tasks = [{ name: 'same-tone', manifest: 'm.csv', pairs: 'trials.csv' }];
    await writeFile(file, JSON.stringify({ name: 'own', tasks }));
    expect((await loadSuite(file)).tasks[0]?.pairs).toBe(pairs);
  });

  test('is validated with all complaints, the counts of its pairs and the hash that records have', async () => {
    const report = await checkTaskManifest({ task: 'same-tone', manifest, pairs, deep: false });
    expect(report).toMatchObject({ problems: [], pairs: { dev: 6, test: 6 } });
    expect(report.hash).toBe((await planTask(wanted())).manifest.hash);
    const bad = join(folder, 'worse.csv');
    await writeFile(bad, 'split,enrol,test,target\ntest,test0,gone,1\ntest,test0,test1,yes\n');
    const { problems } = await checkTaskManifest({ task: 'same-tone', manifest, pairs: bad, deep: false });
    expect(problems).toEqual([
      {
        kind: 'unusable pair',
        message: expect.stringContaining('worse.csv:2: the manifest has no utterance'),
      },
      {
        kind: 'unusable pair',
        message: expect.stringContaining(
          `worse.csv:3: invalid value for 'target': expected 0 or 1, got "yes"`,
        ),
      },
    ]);
  });
});
