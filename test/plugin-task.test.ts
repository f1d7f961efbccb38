/** @file The tutorial's task, from outside: every command knows it, and its complaints are those of a built-in task. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeWav } from '../src/audio/index.js';
import { randomStream } from '../src/base/random.js';
import { compileEntry, type Entry, type Finished } from '../src/cli/entry.fixture.js';
import type { Comparison } from '../src/results/index.js';

// Every test starts processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const plugin = new URL('./fixtures/plugin-task/index.mjs', import.meta.url).pathname;
let entry: Entry;
let folder: string;
let ehmam: (...words: string[]) => Promise<Finished>;

const settings = { learningRates: [0.01], maximumUpdates: 30, projectionSize: 8 };
const lid = { name: 'lid', manifest: 'm.csv', settings };
const suite = { name: 's', tasks: [lid], encoders: ['fbank', 'random:tiny'] };

beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-lid-'));
  ehmam = (...words) => entry.run(words, { EHMAM_CACHE: join(folder, 'cache') });
  const rows = ['id,path,split,language,label'];
  const random = randomStream(1, 'two languages');
  for (const [split, count] of Object.entries({ train: 24, dev: 8, test: 8 })) {
    for (let i = 0; i < count; i++) {
      const pitch = i % 2 === 0 ? 0.05 : 0.4;
      const samples = Float32Array.from(
        { length: 4800 },
        (_, n) => 0.3 * Math.sin(n * pitch) + 0.02 * random.normal(),
      );
      await writeWav(join(folder, `${split}${i}.wav`), samples, 16000);
      const language = i % 2 === 0 ? 'low' : 'high';
      rows.push(`${split}${i},${split}${i}.wav,${split},${language},${language}`);
    }
  }
  await writeFile(join(folder, 'm.csv'), `${rows.join('\n')}\n`);
  await writeFile(
    join(folder, 'bad.csv'),
    `${rows.join('\n').replace('test0.wav,test,low', 'test0.wav,test,middle')}\n`,
  );
  await writeFile(join(folder, 's.json'), JSON.stringify(suite));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('a suite with the task', () => {
  it('runs in worker processes, from a plug-in of the command line or of the suite file', async () => {
    const out = join(folder, 'results');
    const run = await ehmam('run', '--suite', join(folder, 's.json'), '--out', out, '--plugin', plugin);
    expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/lid.*recall/s) });
    await copyFile(plugin, join(folder, 'lid.mjs'));
    await writeFile(
      join(folder, 'own.json'),
      JSON.stringify({ ...suite, encoders: ['fbank'], plugins: ['./lid.mjs'] }),
    );
    const own = await ehmam('run', '--suite', join(folder, 'own.json'), '--out', join(folder, 'own'));
    expect(own).toMatchObject({ code: 0, stdout: expect.stringMatching(/lid.*recall/s) });
    const graph = JSON.parse(await readFile(join(folder, 'own', '.ehmam', 'graph.json'), 'utf8')) as {
      plugins: unknown;
      jobs: { kind: string; key: string }[];
    };
    expect(graph.plugins).toEqual([join(folder, 'lid.mjs')]);
    const record = (name: string) =>
      readFile(join(folder, name, 'fbank', 'lid', 'record.json'), 'utf8').then(
        (text) => JSON.parse(text) as { metrics: unknown },
      );
    expect((await record('own')).metrics).toEqual((await record('results')).metrics);
    expect(JSON.stringify(await record('own'))).not.toContain(folder);
    // A launcher's job on its own loads the same.
    await rm(join(folder, 'own', 'fbank'), { recursive: true });
    const head = graph.jobs.find(({ kind }) => kind === 'head');
    const work = await ehmam('work', join(folder, 'own', '.ehmam'), '--job', head?.key as string, '--json');
    expect(work).toMatchObject({ code: 0, stdout: '{"kind":"done","already":false}\n' });
  });

  it('is judged by compare and gate, and shown by status and report', async () => {
    const out = join(folder, 'results');
    const compared = await ehmam('compare', out, '--baseline', 'fbank', '--json', '--plugin', plugin);
    expect(compared).toMatchObject({ code: 0, stderr: '' });
    const { columns, rows } = JSON.parse(compared.stdout) as Comparison;
    expect(columns).toMatchObject([{ task: 'lid', metric: 'recall' }]);
    const tested = rows.find(({ label }) => label !== 'fbank')?.cells[0];
    expect(tested).toMatchObject({ intervalOver: 'units', pValue: expect.any(Number) });
    expect(tested?.differenceInterval).toHaveLength(2);
    expect(await ehmam('compare', out, '--baseline', 'fbank')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/: unknown task 'lid'; load its plug-in with --plugin MODULE\n$/),
    });
    const gate = await ehmam('gate', '--baseline', out, '--results', out, '--plugin', plugin);
    expect(gate).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('gate: no regression in 2 comparisons'),
    });
    expect(await ehmam('status', out)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('suite s: 4 jobs: 4 done'),
    });
    const page = join(folder, 'page.html');
    expect((await ehmam('report', out, '--out', page, '--quiet', '--plugin', plugin)).code).toBe(0);
    expect(await readFile(page, 'utf8')).toContain('lid');
  });

  it('is a plan without it where its data cannot be used, and validate says the same line', async () => {
    const ks = { name: 'ks', manifest: 'm.csv' };
    const bad = { ...suite, tasks: [{ ...lid, manifest: 'bad.csv' }, ks], encoders: ['fbank'] };
    await writeFile(join(folder, 'bad.json'), JSON.stringify(bad));
    const complaint = /bad\.csv:34: train has no 'middle'/;
    const words = ['plan', join(folder, 'bad.json'), '--out', join(folder, 'bad'), '--plugin', plugin];
    const plan = await ehmam(...words);
    expect(plan.code).toBe(1);
    expect(plan.stdout).toMatch(/not planned: task lid: /);
    expect(plan.stdout).toMatch(complaint);
    expect(plan.stdout).toMatch(/head .*fbank: ks/s);
    const validated = await ehmam(
      'validate',
      '--task',
      'lid',
      '--manifest',
      join(folder, 'bad.csv'),
      '--plugin',
      plugin,
    );
    expect(validated).toMatchObject({ code: 2, stdout: expect.stringMatching(complaint) });
  });
});

describe('--plugin', () => {
  it('of list marks what comes from where', async () => {
    const { stdout } = await ehmam('list', 'tasks', '--plugin', plugin);
    expect(stdout).toMatch(/^ks .*accuracy$/m);
    expect(stdout).toMatch(/^lid .*recall, accuracy \(\.\/test\/fixtures\/plugin-task\/index\.mjs\)$/m);
    const json = await ehmam('list', 'tasks', '--json', '--plugin', './test/fixtures/plugin-task/index.mjs');
    expect(JSON.parse(json.stdout)).toContainEqual(
      expect.objectContaining({ name: 'lid', module: './test/fixtures/plugin-task/index.mjs' }),
    );
  });

  it('names a module that cannot be used in one line, with exit code 2, before any work', async () => {
    await mkdir(join(folder, 'wrong'));
    const place = (name: string): string => join(folder, 'wrong', name);
    await writeFile(place('syntax.mjs'), 'const a = 1;\nexport default = 1;\n');
    await writeFile(place('package.mjs'), "import { UserErrors } from 'ehmam';\nexport default {};\n");
    await writeFile(place('throws.mjs'), "throw new Error('no licence');\n");
    for (const [module, message] of [
      [place('syntax.mjs'), /^ehmam: plug-in '.*syntax\.mjs': syntax error \(Unexpected token '='\)\n$/],
      [place('package.mjs'), /^ehmam: plug-in '.*package\.mjs': syntax error \(.*UserErrors.*\)\n$/],
      [place('throws.mjs'), /^ehmam: plug-in '.*throws\.mjs': failed to load \(no licence\)\n$/],
      ['src', /^ehmam: plug-in 'src': not found\. Did you mean '\.\/src'\?/],
      [`${plugin},${plugin}`, /^ehmam: --plugin: duplicate value '.*'/],
    ] as const) {
      const { code, stderr } = await ehmam('list', 'tasks', '--plugin', module);
      expect(stderr).toMatch(message);
      expect({ code, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 2, lines: 1 });
    }
  });

  it('gives a plug-in this very program as its package ehmam', async () => {
    await writeFile(
      join(folder, 'own-errors.mjs'),
      `import { classificationTask, UserError } from 'ehmam';
if (!new UserError('x', { hint: 'y' }).message.includes('y')) throw new Error('another package');
const task = classificationTask({ name: 'words', version: 1, summary: 'words', columns: ['word'] });
export default { apiVersion: 1, tasks: [task] };
`,
    );
    const { stdout, stderr } = await ehmam('list', 'tasks', '--plugin', join(folder, 'own-errors.mjs'));
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^words /m);
  });
});
