/** @file `ehmam score`, and query by example on the command line: what is run is judged again from its own predictions. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ResultRecord } from '../results/record.js';
import { writeMelodies } from '../suite/melodies.fixture.js';
import { compileEntry, type Entry } from './entry.fixture.js';

// Every test starts processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let entry: Entry;
let folder = '';
beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-score-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

const file = (name: string): string => join(folder, name);

describe('score', () => {
  const words = () => ['score', 'asr', '--references', file('asr.csv'), '--predictions', file('said.jsonl')];

  it('prints a table for people and JSON for machines', async () => {
    await writeFile(file('asr.csv'), 'id,split,text\na,test,CALL ME BACK\nb,dev,NO\n');
    await writeFile(file('said.jsonl'), '{"id":"a","text":"CALL HIM BACK"}\n');
    const { code, stdout, stderr } = await entry.run([...words(), '--split', 'test']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const part of ['wer % ↓', 'cer % ↓', '33.33', 'n 1']) expect(stdout).toContain(part);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    const json = await entry.run([...words(), '--split', 'test', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      task: 'asr',
      metrics: { wer: expect.closeTo(33.3333, 3) },
      interval: { wer: [expect.closeTo(33.3333, 3), expect.closeTo(33.3333, 3)] },
    });
  });

  it('ends with 2 and file and line where the files do not match, or the task is unknown', async () => {
    expect(await entry.run(words())).toEqual({
      code: 2,
      stdout: '',
      stderr: `ehmam: ${file('asr.csv')}:3: no prediction for 'b'. Add it to ${file('said.jsonl')}, or score only one split with --split\n`,
    });
    const unknown = await entry.run(['score', 'asrr', ...words().slice(2)]);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("Did you mean 'asr'?") });
  });

  it('says with list which columns it needs', async () => {
    const tasks = JSON.parse((await entry.run(['list', 'tasks', '--json'])).stdout) as Record<
      string,
      unknown
    >[];
    const named = (name: string) => tasks.find((task) => task.name === name);
    expect(named('asr')).toMatchObject({ references: ['text'], predictions: ['text'] });
    expect(named('qbe')).toMatchObject({
      references: ['query', 'document', 'target'],
      predictions: ['score'],
      pairs: { first: 'query', second: 'document' },
    });
    for (const task of tasks) expect(task).toMatchObject({ references: expect.any(Array) });
  });
});

describe('query by example', () => {
  it('runs in a suite beside a search of rates, and scores its own predictions to the same value', async () => {
    await writeMelodies(folder);
    const suite = { name: 'melodies', tasks: [{ name: 'qbe', manifest: 'qbe.csv', pairs: 'pairs.csv' }] };
    await writeFile(file('suite.json'), JSON.stringify(suite));
    const run = ['run', '--suite', file('suite.json'), '--encoders', 'fbank', '--lr', 'search', '--quiet'];
    const ran = await entry.run([...run, '--out', file('out')], { EHMAM_CACHE: file('cache') });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const place = join(file('out'), 'fbank', 'qbe');
    const record = JSON.parse(await readFile(join(place, 'record.json'), 'utf8')) as ResultRecord;
    const lines = (await readFile(join(place, 'predictions.jsonl'), 'utf8')).trim().split('\n');
    const said = lines.map((line) => JSON.parse(line) as { id: string; prediction: object });
    await writeFile(
      file('qbe.jsonl'),
      said.map(({ id, prediction }) => `${JSON.stringify({ id, ...prediction })}\n`).join(''),
    );
    const files = ['--references', file('pairs.csv'), '--predictions', file('qbe.jsonl')];
    const { code, stdout } = await entry.run(['score', 'qbe', ...files, '--split', 'test', '--json']);
    expect(code).toBe(0);
    const scored = JSON.parse(stdout) as { metrics: { mtwv: number }; interval: { mtwv: number[] } };
    expect(scored.metrics.mtwv).toBe(record.metrics.mtwv?.value);
    expect(scored.interval.mtwv[1]).toBeGreaterThanOrEqual(scored.metrics.mtwv);
    const exported = ['export', 'fbank', '--with', place, '--format', 'onnx', '--out', file('qbe.onnx')];
    expect(await entry.run(exported)).toMatchObject({ code: 0 });
    const beside = await entry.run([
      'compare',
      file('out'),
      '--published',
      'superb:HuBERT Base',
      '--superb-score',
    ]);
    for (const part of ['mtwv % ↑', '7.36', '1 of 10 tasks', 'QbE']) expect(beside.stdout).toContain(part);
  });
});
