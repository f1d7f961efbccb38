/** @file What a suite becomes: its jobs, what is shared, what a change does anew, what is no longer needed. */
import { appendFile, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findUnused, removeUnused } from './clean.js';
import { recordsOf } from './execute.js';
import type { GraphOptions } from './graph.js';
import type { JobGraph } from './job.js';
import { planReport, planText } from './overview.js';
import { suiteStatus } from './status.js';
import { executeTones, planTones, titlesOf, tonesSuite, writeTones } from './tones.fixture.js';
import { writeToyEncoder } from './toy-folder.fixture.js';
import { watchSuite } from './watch.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-graph-'));
  await writeTones(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const plan = (change?: Partial<GraphOptions>, suite?: object): Promise<JobGraph> =>
  planTones(folder, change, suite);
const execute = executeTones;

/** Titles of the jobs of one graph that another does not have. */
const anew = (graph: JobGraph, before: JobGraph): string[] => {
  const known = new Set(before.jobs.map(({ key }) => key));
  return graph.jobs.filter(({ key }) => !known.has(key)).map(({ title }) => title);
};

const fbankOnly = { ...tonesSuite, encoders: ['fbank'] };
/** Without the dear CTC head. */
const pooledOnly = { ...fbankOnly, tasks: tonesSuite.tasks.slice(0, 2) };

describe('the jobs of a suite', () => {
  it('share the features of tasks over the same audio, and need what makes them', async () => {
    const { jobs } = await plan();
    expect(jobs.map(({ title }) => title)).toEqual([
      'pre-train toy',
      ...['ks features of fbank', 'asr features of fbank', 'ks features of toy', 'asr features of toy'],
      ...['ks head on fbank', 'sid head on fbank', 'asr head on fbank'],
      ...['ks head on toy', 'sid head on toy', 'asr head on toy'],
    ]);
    const of = (title: string) => jobs.find((job) => job.title === title);
    expect(of('sid head on toy')?.needs).toEqual([of('pre-train toy')?.key, of('ks features of toy')?.key]);
    expect(of('asr head on fbank')?.needs).toEqual([of('asr features of fbank')?.key]);
  });

  it('train pooled heads of all seeds at once, CTC heads and heads on untrained encoders seed by seed', async () => {
    const { jobs } = await plan({ seeds: [1, 2] }, { ...tonesSuite, encoders: ['fbank', 'random:tiny'] });
    const heads = jobs.flatMap((job) => (job.kind === 'head' ? [[job.title, job.seeds] as const] : []));
    expect(heads.filter(([title]) => title.startsWith('asr')).map(([, seeds]) => seeds)).toEqual([
      [1],
      [2],
      [1],
      [2],
    ]);
    expect(heads.filter(([title]) => title.startsWith('ks')).map(([, seeds]) => seeds)).toEqual([
      [1, 2],
      [1],
      [2],
    ]);
    expect(jobs.filter(({ kind }) => kind === 'features')).toHaveLength(6);
  });

  it('are others only where what decides them changed', async () => {
    const before = await plan();
    expect(anew(await plan(), before)).toEqual([]);
    const rate = await plan({ training: { learningRates: [0.02] } });
    expect(anew(rate, before).sort()).toEqual(
      before.jobs.flatMap(({ kind, title }) => (kind === 'head' ? [title] : [])).sort(),
    );
    const steps = { name: 'toy', pretrain: { config: 'toy.json', manifest: 'tones.csv', steps: 8 } };
    const encoder = await plan({}, { ...tonesSuite, encoders: ['fbank', steps] });
    expect(anew(encoder, before).every((title) => title.endsWith('toy'))).toBe(true);
    expect(anew(encoder, before)).toHaveLength(6);
    const manifest = join(folder, 'tones.csv');
    const text = await readFile(manifest, 'utf8');
    try {
      // The label alone: the audio and so the features stay.
      await writeFile(manifest, text.replace('s1,high,hi', 's1,low,hi'));
      expect(anew(await plan({}, fbankOnly), before)).toEqual(
        ['ks', 'sid', 'asr'].map((task) => `${task} head on fbank`),
      );
    } finally {
      await writeFile(manifest, text);
    }
  });

  it('that start from a checkpoint are known by its weights, and have its sizes', async () => {
    const warm = { name: 'warm', pretrain: { init: './start', manifest: 'tones.csv', steps: 2 } };
    const suite = { ...pooledOnly, encoders: [warm] };
    await writeToyEncoder(folder, 'start', 1);
    const before = await plan({}, suite);
    expect(before.jobs[0]).toMatchObject({ kind: 'pretrain', config: { encoder: { width: 16 } } });
    expect(anew(await plan({}, suite), before)).toEqual([]);
    await writeToyEncoder(folder, 'start', 2);
    expect(anew(await plan({}, suite), before)).toEqual(before.jobs.map(({ title }) => title));
  });

  it('extract a corpus in parts where the suite asks for it', async () => {
    const suite = {
      ...fbankOnly,
      tasks: [tonesSuite.tasks[0]],
      resources: { features: { shards: 3, cpus: 1 } },
    };
    const graph = await plan({ out: join(folder, 'parts'), cacheFolder: join(folder, 'parts-cache') }, suite);
    expect(graph.jobs.map(({ title, needs }) => [title, needs.length])).toEqual([
      ['ks features of fbank (1 of 3)', 0],
      ['ks features of fbank (2 of 3)', 0],
      ['ks features of fbank (3 of 3)', 0],
      ['ks head on fbank', 3],
    ]);
    expect(await execute(graph)).toMatchObject({ complete: true, done: 4 });
  });
});

describe('a suite that is run', () => {
  it('does each job once; a second run starts and writes nothing, a change only what it changes', async () => {
    const out = join(folder, 'out');
    const graph = await plan({}, pooledOnly);
    expect(planText(graph, planReport(graph))).toContain('suite tones: 3 jobs, 0 done, 3 to do\nabout');
    expect(await execute(graph)).toMatchObject({ complete: true, done: 3, failed: [], summary: undefined });
    const log = await readFile(join(out, '.ehmam', 'events.jsonl'), 'utf8');
    expect(await execute(await plan({}, pooledOnly))).toMatchObject({ complete: true, done: 0 });
    expect(await readFile(join(out, '.ehmam', 'events.jsonl'), 'utf8')).toBe(log);
    const text = planText(graph, planReport(graph));
    expect(text).toContain('suite tones: 3 jobs, 3 done, 0 to do');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);

    const changed = await plan({ training: { learningRates: [0.02] } }, pooledOnly);
    expect(await execute(changed)).toMatchObject({ complete: true, done: 2 });
    expect((await recordsOf(changed)).map(({ record }) => record.learningRates.chosen)).toEqual([0.02, 0.02]);
    // The earlier records are gone, so they are not taken for done.
    expect(await execute(graph)).toMatchObject({ complete: true, done: 2 });
    expect((await recordsOf(graph))[0]?.record.learningRates.chosen).toBe(0.01);
  });

  it('does again what someone removed or touched; a record that is the very same is kept', async () => {
    const graph = await plan({}, pooledOnly);
    const record = join(folder, 'out', 'fbank', 'ks', 'record.json');
    const text = await readFile(record, 'utf8');
    await utimes(record, new Date(), new Date());
    expect(await execute(graph)).toMatchObject({ complete: true, done: 1 });
    expect(await readFile(record, 'utf8')).toBe(text);
    await rm(record);
    expect(await execute(graph)).toMatchObject({ complete: true, done: 1 });
    expect(JSON.parse(await readFile(record, 'utf8'))).toMatchObject({ task: { name: 'ks' } });
  });

  it('goes on past a job that fails, which status and watch tell, and which runs again', async () => {
    const out = join(folder, 'failing');
    const holed = join(folder, 'holed.csv');
    const manifest = await readFile(join(folder, 'tones.csv'), 'utf8');
    await writeFile(holed, manifest.replace('train3.wav', 'suite.json'));
    const [ks, sid] = tonesSuite.tasks;
    const suite = { ...fbankOnly, tasks: [{ ...ks, manifest: 'holed.csv' }, sid] };
    const graph = await plan({ out }, suite);
    const { summary, ...report } = await execute(graph);
    expect(report).toMatchObject({
      complete: false,
      done: 2,
      failed: [{ job: { title: 'ks features of fbank' } }],
    });
    expect(summary).toMatch(/failed: ks features of fbank: .*is not a supported audio file/);
    expect(summary).toContain('skipped, because a job that it needs failed: ks head on fbank');
    expect(await suiteStatus(out)).toMatchObject({
      counts: { jobs: 4, done: 2, running: 0, failed: 1, blocked: 1, todo: 0 },
      failed: [
        { title: 'ks features of fbank', message: expect.stringContaining('is not a supported audio file') },
      ],
    });
    const lines: string[] = [];
    const watch = {
      signal: new AbortController().signal,
      terminal: false,
      print: (line: string) => void lines.push(line),
    };
    expect(await watchSuite(out, watch)).toEqual({ failed: 1 });
    expect(lines.at(-1)).toMatch(/ended: 2 done, 1 failed, 1 skipped$/);

    await writeFile(holed, manifest);
    expect(await execute(await plan({ out }, suite))).toMatchObject({ complete: true });
    expect((await suiteStatus(out)).counts).toMatchObject({ jobs: 3, done: 3, failed: 0 });
    expect(await titlesOf(out, 'failed')).toEqual(['ks features of fbank']);
  });

  it('reads stored features again where that is asked for, and makes again what the disk lost without a trace', async () => {
    const cacheFolder = join(folder, 'verify-cache');
    const change = { out: join(folder, 'verify'), cacheFolder };
    const suite = { ...fbankOnly, tasks: [tonesSuite.tasks[0]] };
    await execute(await plan(change, suite));
    const features = join(cacheFolder, 'features');
    const name = (await readdir(features, { recursive: true })).find((each) => each.endsWith('.bin'));
    const data = join(features, name ?? '');
    const { atime } = await stat(data);
    // A time that can be set again to the digit.
    const modified = new Date('2020-01-01');
    await utimes(data, atime, modified);
    await execute(await plan({ ...change, verifyFeatures: true }, suite));
    const [bytes, lost] = [await readFile(data), await readFile(data)];
    lost[5] = (lost[5] as number) ^ 1;
    await writeFile(data, lost);
    await utimes(data, atime, modified);
    expect(await execute(await plan(change, suite))).toMatchObject({ complete: true, done: 0 });
    expect(await readFile(data)).toEqual(lost);
    const verified = await execute(await plan({ ...change, verifyFeatures: true }, suite));
    expect(verified).toMatchObject({ complete: true, done: 1 });
    expect(await readFile(data)).toEqual(bytes);
  });

  it('leaves features that clean finds once no suite needs them', async () => {
    const cacheFolder = join(folder, 'clean-cache');
    const out = join(folder, 'clean');
    const [ks] = tonesSuite.tasks;
    await execute(
      await plan({ out, cacheFolder }, { ...fbankOnly, tasks: [ks], encoders: ['fbank', 'random:tiny'] }),
    );
    expect(await findUnused([out], [])).toEqual([]);
    await execute(
      await plan({ out, cacheFolder, training: { learningRates: [0.03] } }, { ...fbankOnly, tasks: [ks] }),
    );
    const unused = await findUnused([out], []);
    const features = unused.filter(({ what }) => what === 'features');
    expect(features).toMatchObject([{ path: expect.stringContaining('pooled-') }]);
    expect(features[0]?.bytes).toBeGreaterThan(24 * 4 * 100);
    await removeUnused(unused);
    expect(await findUnused([out], [])).toEqual([]);
    await appendFile(join(out, '.ehmam', 'events.jsonl'), '{"cut');
    expect((await suiteStatus(out)).counts.done).toBe(2);
  });
});
