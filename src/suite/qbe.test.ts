/** @file Query by example from audio to record: melodies to be found in longer ones. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkResults } from '../cli/validate/results.js';
import { checkTaskManifest } from '../cli/validate/task-manifest.js';
import { loadEncoder } from '../encoders/load.js';
import { createEngine } from '../engine/create.js';
import { readHead } from '../heads/trained.js';
import { knownTasks } from '../plugins/known-tasks.js';
import type { StoredRecord } from '../results/record.js';
import { scoresOf } from '../results/scores.js';
import { writeMelodies } from './melodies.fixture.js';
import { planTask } from './plan.js';
import { evaluateInto } from './record-heads.js';
import { runSuite } from './run-suite.fixture.js';

let folder: string;
let manifest: string;
let pairs: string;
let stored: StoredRecord;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-qbe-'));
  ({ manifest, pairs } = await writeMelodies(folder));
  [stored] = (await run()) as [StoredRecord];
});
afterAll(() => rm(folder, { recursive: true }));

const wanted = () => ({ name: 'qbe', manifest, pairs });

async function run(): Promise<StoredRecord[]> {
  // Rates of a suite's other heads are nothing to this one.
  return evaluateInto(await loadEncoder('fbank'), await planTask(wanted(), { learningRates: [0.1] }), {
    engine: await createEngine('onnx', { threads: 1 }),
    seeds: [1, 2],
    quiet: true,
    storage: { folder: join(folder, 'cache') },
    folderOf: (seed) => join(folder, `seed-${seed}`),
  });
}

describe('query by example', () => {
  it('finds melodies with FBANK, without training, and records layer, interval and short queries', async () => {
    const { record } = stored;
    expect(record.metrics.mtwv?.value).toBeGreaterThan(0.5);
    expect(record.metrics.mtwv).toMatchObject({ direction: 'higher', intervalOver: 'units', utterances: 24 });
    expect(record).toMatchObject({
      preset: 'clean',
      learningRates: { tried: [], chosen: null },
      layerWeights: [1],
      devByLayer: [expect.any(Number)],
      remarks: [
        'dev: a query has fewer than 5 frames and scores 0 with every document: dev-short',
        'test: a query has fewer than 5 frames and scores 0 with every document: test-short',
      ],
    });
    expect((await checkResults([join(folder, 'seed-1'), join(folder, 'seed-2')])).faults).toEqual([]);
  });

  it('tells of the short queries of both splits where a suite runs it', async () => {
    const [out, cacheFolder] = [join(folder, 'suite'), join(folder, 'cache')];
    const { said } = await runSuite({ tasks: [wanted()], encoders: ['fbank'], out, cacheFolder });
    expect(said.filter((line) => line.includes('fewer than 5 frames'))).toEqual(stored.record.remarks);
  });

  it('searches some hidden states alone where the setting layers says so', async () => {
    const [out, cacheFolder] = [join(folder, 'layers'), join(folder, 'cache')];
    const tasks = [{ ...wanted(), settings: { layers: [0, '2-3'] } }];
    const { records } = await runSuite({ tasks, encoders: ['random:tiny'], out, cacheFolder });
    expect(records[0]).toMatchObject({ layers: [0, 2, 3] });
    expect(records[0]?.devByLayer).toHaveLength(3);
    expect(records[0]?.layerWeights.toSorted()).toEqual([0, 0, 1]);
  });

  it('judges its predictions again to the same value', async () => {
    const scores = await scoresOf(stored, 'mtwv', knownTasks.all());
    expect('statistic' in scores && scores.statistic.value).toBe(stored.record.metrics.mtwv?.value);
    const text = await readFile(join(stored.path, '..', stored.record.predictions), 'utf8');
    const lines = text.trim().split('\n');
    expect(lines).toHaveLength(24);
    expect(JSON.parse(lines[3] ?? '')).toMatchObject({
      id: 'test-short test-d0',
      prediction: { score: expect.stringMatching(/^-?0\.0000$/) },
      reference: { query: 'test-short', document: 'test-d0', target: '1' },
    });
  });

  it('keeps the chosen layer with what its frames are standardised by', async () => {
    const head = await readHead(join(stored.path, '..', 'head.safetensors'));
    expect(head).toMatchObject({ kind: 'subsequence-dtw', stored: { layer: 0, minimumFrames: 5 } });
    expect(head.parameters.mean?.shape).toEqual([240]);
  });

  it('needs no train split, and dev and test', async () => {
    const report = await checkTaskManifest({ task: 'qbe', manifest, pairs, deep: false });
    expect(report).toMatchObject({ problems: [], pairs: { dev: 24, test: 24 } });
    const one = join(folder, 'one.csv');
    const text = await readFile(manifest, 'utf8');
    await writeFile(one, text.replace(/^dev.*\n/gm, ''));
    await expect(planTask({ ...wanted(), manifest: one })).rejects.toThrow(/no utterances in split 'dev'/);
  });
});
