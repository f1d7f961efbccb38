/** @file Fine-tuning in suites: its jobs, what they hang on, and a recogniser that the same suite evaluates as an encoder. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFinetunings } from '../results/finetunings.js';
import { lowResourceTable } from '../results/paper/low-resource.js';
import { recordsOf } from './execute.js';
import type { GraphOptions } from './graph.js';
import type { JobGraph } from './job.js';
import { planReport, planText } from './overview.js';
import { planArrays } from './slurm/arrays.js';
import { suiteStatus } from './status.js';
import { executeTones, planTones, tonesSuite, writeTones } from './tones.fixture.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-finetuning-'));
  await writeTones(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const [, toy] = tonesSuite.encoders;
const tuned = {
  name: 'tuned',
  manifest: 'tones.csv',
  steps: 2,
  settings: { frozenUpdates: 1, dropout: { layer: 0, activation: 0 } },
};
const suiteOf = (change: object = {}, more: object = {}): object => ({
  name: 'tuning',
  encoders: [toy],
  finetune: [{ ...tuned, ...change }],
  ...more,
});

const plan = (change?: object, more?: object, options?: Partial<GraphOptions>): Promise<JobGraph> =>
  planTones(folder, options, suiteOf(change, more));
const titles = ({ jobs }: JobGraph): string[] => jobs.map(({ title }) => title);

/** Titles of the jobs of one graph that another does not have. */
const anew = (graph: JobGraph, before: JobGraph): string[] => {
  const known = new Set(before.jobs.map(({ key }) => key));
  return graph.jobs.filter(({ key }) => !known.has(key)).map(({ title }) => title);
};

describe('the entry finetune of a suite', () => {
  it('is a job an encoder, fold and seed, after what pre-trains its encoder', async () => {
    const graph = await plan({ seeds: [1, 2], encoders: ['toy', 'random:tiny'] });
    expect(titles(graph)).toEqual([
      'pre-train toy',
      ...['fine-tune toy-tuned-seed-1', 'fine-tune random-tiny-tuned-seed-1'],
      ...['fine-tune toy-tuned-seed-2', 'fine-tune random-tiny-tuned-seed-2'],
    ]);
    const [pretrain, ofToy, ofRandom] = graph.jobs;
    expect([ofToy?.needs, ofRandom?.needs]).toEqual([[pretrain?.key], []]);
    expect(planText(graph, planReport(graph))).toMatch(/^finetune \(after pretrain\)$/m);
    const all = await plan({}, { encoders: ['fbank', toy] });
    expect(titles(all)).toEqual(['pre-train toy', 'fine-tune toy-tuned']);
    const folds = await plan({ manifest: '{fold}.csv', folds: ['tones'] });
    expect(titles(folds)).toEqual(['pre-train toy', 'fine-tune toy-tuned-fold-tones']);
  });

  it('is another job only where what decides it changed', async () => {
    const before = await plan();
    expect(anew(await plan(), before)).toEqual([]);
    expect(anew(await plan({ settings: { frozenUpdates: 0 } }), before)).toEqual(['fine-tune toy-tuned']);
    expect(anew(await plan({ steps: 3 }), before)).toEqual(['fine-tune toy-tuned']);
    const longer = { ...(toy as object), pretrain: { config: 'toy.json', manifest: 'tones.csv', steps: 8 } };
    expect(anew(await plan({}, { encoders: [longer] }), before)).toEqual([
      'pre-train toy',
      'fine-tune toy-tuned',
    ]);
  });

  it('takes resources of its own, also on Slurm', async () => {
    const { jobs } = await plan({}, { resources: { finetune: { gpus: 1, time: '1:00:00' } } });
    expect(
      planArrays(jobs, new Set(), 100).map(({ name, resources, after }) => [name, resources, after]),
    ).toEqual([
      ['pretrain-0', {}, []],
      ['finetune-1', { gpus: 1, time: '1:00:00' }, ['pretrain-0']],
    ]);
  });

  it.each([
    ['a preset that is not there', { preset: '5m' }, /'5m'/],
    ['a setting that is not there', { settings: { rate: 1 } }, /'rate'/],
    ['folds without their place', { folds: [0] }, /must contain \{fold\} when folds are given/],
    [
      'a place for folds without any',
      { manifest: '{fold}.csv' },
      /required when the manifest contains \{fold\}/,
    ],
    ['the name of an encoder', { name: 'toy' }, /duplicate name 'toy' in the suite/],
    ['an encoder that is not there', { encoders: ['toi'] }, /'toi'/],
    ['an encoder without parameters', { encoders: ['fbank'] }, /'fbank' has no parameters to train/],
  ])('is refused with %s', async (_what, change, message) => {
    await expect(plan(change)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  it('with data that cannot be used is a problem, and the rest is planned', async () => {
    const graph = await plan({}, { finetune: [tuned, { ...tuned, name: 'silent', manifest: 'suite.json' }] });
    expect(titles(graph)).toEqual(['pre-train toy', 'fine-tune toy-tuned']);
    expect(graph.problems).toMatchObject([{ title: 'fine-tuning silent' }]);
  });
});

it('a suite pre-trains, fine-tunes, and evaluates the recogniser as an encoder; a second run does nothing', async () => {
  const out = join(folder, 'out-tuned');
  const more = { encoders: [toy, 'tuned'], tasks: tonesSuite.tasks.slice(0, 1) };
  const tensorboard = join(folder, 'logs');
  const graph = await plan({}, more, { out, tensorboard });
  expect(await executeTones(graph)).toMatchObject({ complete: true, done: 6, failed: [] });
  expect((await readdir(tensorboard)).sort()).toEqual(['finetune', 'pretrain', 'toy', 'toy-tuned']);
  const events = await readdir(join(tensorboard, 'finetune', 'toy-tuned'));
  expect(events).toEqual([expect.stringMatching(/^events\.out\.tfevents\./)]);
  expect((await recordsOf(graph)).map(({ record }) => record.encoder.name)).toEqual(['toy', 'toy-tuned']);
  const stored = await readFinetunings([out]);
  const [record] = (await recordsOf(graph)).slice(1);
  expect(record?.record.encoder.hash).toBe(stored[0]?.record.result.hash);
  expect(stored[0]?.record).toMatchObject({ encoder: { name: 'toy' }, updates: 2 });
  expect((await suiteStatus(out)).kinds[1]).toMatchObject({ kind: 'finetune', jobs: 1, done: 1 });
  expect(await executeTones(await plan({}, more, { out }))).toMatchObject({ complete: true, done: 0 });
  const { rows } = await lowResourceTable(stored);
  expect(rows.map(({ label }) => label)).toEqual(['toy']);
});
