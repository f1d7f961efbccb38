/** @file A suite of two tones, evaluated as the command run does it, and what it refuses. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeWav } from '../../audio/index.js';
import { parseChanges } from '../../base/changed-settings.js';
import { randomStream } from '../../base/random.js';
import { type Comparison, readRecords, type StoredRecord } from '../../results/index.js';
import { graphOf, type RunRequest, runFromSuite } from './from-suite.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-run-'));
  // Features go to the cache folder; a test must not fill the user's.
  vi.stubEnv('EHMAM_CACHE', join(folder, 'cache'));
  const rows = ['id,path,split,label'];
  for (const split of ['train', 'dev', 'test']) {
    for (let i = 0; i < 8; i++) {
      const random = randomStream(1, split, i);
      const high = i % 2 === 1;
      // A steady tone would vanish with the mean that the log-mel front end takes away: these change every 50 ms.
      const steps = high ? [0.9, 1.5] : [0.2, 0.4];
      const samples = Float32Array.from(
        { length: 6400 },
        (_, n) => 0.3 * Math.sin(n * (steps[Math.floor(n / 800) % 2] as number)) + 0.02 * random.normal(),
      );
      await writeWav(join(folder, `${split}${i}.wav`), samples, 16000);
      rows.push(`${split}${i},${split}${i}.wav,${split},${high ? 'high' : 'low'}`);
    }
  }
  await writeFile(join(folder, 'tones.csv'), `${rows.join('\n')}\n`);
  const settings = { projectionSize: 16, learningRates: [0.01], maximumUpdates: 100 };
  const tasks = [{ name: 'ks', manifest: 'tones.csv', settings }];
  const suite = { name: 'tones', tasks, encoders: ['random:tiny'] };
  await writeFile(join(folder, 'suite.json'), JSON.stringify(suite));
  await writeFile(join(folder, 'a-file'), '');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const requestOf = (change: Partial<RunRequest>): RunRequest => ({
  suite: join(folder, 'suite.json'),
  tasks: undefined,
  encoders: undefined,
  seeds: undefined,
  out: join(folder, 'results'),
  engine: { name: 'onnx', provider: 'cpu' },
  quiet: true,
  signal: new AbortController().signal,
  ...change,
});
const run = (change: Partial<RunRequest>) => runFromSuite(requestOf(change));

describe('runFromSuite', () => {
  it('tells two tones apart with every seed, a folder of records each', async () => {
    const { comparison, complete } = await run({ seeds: [1, 2], label: 'before' });
    expect(complete).toBe(true);
    const { rows, columns } = comparison as Comparison;
    expect(rows).toMatchObject([{ label: 'random:tiny', seeds: [1, 2] }]);
    expect(columns).toMatchObject([{ task: 'ks', metric: 'accuracy' }]);
    expect(rows[0]?.cells[0]).toMatchObject({ value: 1, seeds: 2 });
    const stored = await readRecords([join(folder, 'results')]);
    expect(stored.map(({ record }) => [record.seed, record.revision])).toEqual([
      [1, 'before'],
      [2, 'before'],
    ]);
  });

  it('takes settings from the command line: other results, which say so', async () => {
    const out = join(folder, 'changed');
    const changes = parseChanges(['tasks.ks.settings.maximumUpdates=3', 'seeds=7777']);
    const { jobs } = await graphOf(requestOf({ out, changes, encoders: ['fbank'] }));
    const { jobs: usual } = await graphOf(requestOf({ out, encoders: ['fbank'] }));
    expect(jobs.map(({ kind, key }) => [kind, usual.some((job) => job.key === key)])).toEqual([
      ['features', true],
      ['head', false],
    ]);
    await run({ out, changes, encoders: ['fbank'], tensorboard: join(folder, 'logs') });
    const [{ record }] = (await readRecords([out])) as [StoredRecord];
    expect(record.seed).toBe(7777);
    expect(record.preset).toMatch(/^clean-[0-9a-f]{8}$/);
    expect(record.learningRates.tried).toMatchObject([{ updates: 3 }]);
    const logs = await readdir(join(folder, 'logs', 'fbank', 'ks', 'seed-7777,rate-0.01'));
    expect(logs).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d{10}\.\d{3}\./)]);
  });

  it('with encoders of its own keeps the fine-tunings of those, and knows the names of the suite', async () => {
    const toy = { name: 'toy', pretrain: { manifest: 'speech.csv', steps: 2 } };
    const tuned = { name: 'tuned', manifest: 'speech.csv', encoders: ['random:tiny', 'toy'] };
    const every = { name: 'every', manifest: 'speech.csv' };
    const rows = (await readFile(join(folder, 'tones.csv'), 'utf8')).trim().split('\n');
    await writeFile(
      join(folder, 'speech.csv'),
      rows.map((row, i) => `${row},${i === 0 ? 'text' : 'hi'}`).join('\n'),
    );
    const suite = join(folder, 'tuning.json');
    const entries = { encoders: [toy, 'random:tiny'], finetune: [tuned, every] };
    await writeFile(suite, JSON.stringify({ name: 'tuning', ...entries }));
    const titles = async (...encoders: string[]) =>
      (await graphOf(requestOf({ suite, encoders }))).jobs.map(({ title }) => title);
    expect(await titles('toy')).toEqual(['pre-train toy', 'fine-tune toy-tuned', 'fine-tune toy-every']);
    expect(await titles('random:tiny', 'tuned')).toEqual([
      'fine-tune random-tiny-tuned',
      'fine-tune random-tiny-every',
    ]);
    expect(await titles('fbank')).toEqual([]);
    await expect(titles('fbank', 'tuned')).rejects.toThrow(
      "--encoders names the finetune entry 'tuned' and no encoder that it trains. Add one of them: random:tiny, toy",
    );
  });

  const cases: readonly (readonly [what: string, change: Partial<RunRequest>, message: RegExp])[] = [
    ['an unknown task', { tasks: ['kss'] }, /unknown task 'kss'\. Did you mean 'ks'/],
    ['a task that the suite does not have', { tasks: ['asr'] }, /the suite 'tones' has no task 'asr'/],
    ['an unknown encoder', { encoders: ['fbnk'] }, /unknown encoder 'fbnk'/],
    ['an unknown suite', { suite: 'minni' }, /unknown suite 'minni'/],
    [
      'a setting of a task that is not there',
      { changes: parseChanges(['tasks.kss.settings.projectionSize=8']) },
      /^--set tasks\.kss\.settings\.projectionSize: unknown setting 'kss' in tasks\. Did you mean 'ks'\?$/,
    ],
    [
      'a setting that heads do not have',
      { changes: parseChanges(['tasks.ks.settings.maximumUpdate=8']) },
      /task 'ks': unknown key 'maximumUpdate'\. Did you mean 'maximumUpdates'\?/,
    ],
  ];
  it.each(cases)('refuses %s before it writes', async (_what, change, message) => {
    const out = join(folder, 'never');
    await expect(run({ ...change, out })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
    expect(existsSync(out)).toBe(false);
  });

  it('refuses a wrong setting of a named suite before its corpus is made', async () => {
    const changes = parseChanges(['tasks.ks.settings.maxUpdates=3']);
    const cache = join(folder, 'no-corpus');
    vi.stubEnv('EHMAM_CACHE', cache);
    for (const suite of ['mini', 'mini-superb'])
      await expect(run({ suite, changes, out: join(folder, 'never') })).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringMatching(
          /^task 'ks': unknown key 'maxUpdates'\. Did you mean 'maximumUpdates'\?/,
        ),
      });
    vi.stubEnv('EHMAM_CACHE', join(folder, 'cache'));
    expect([cache, join(folder, 'never')].filter(existsSync)).toEqual([]);
  });

  it('names a results folder that cannot be written', async () => {
    await expect(run({ out: join(folder, 'a-file', 'results') })).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('a-file'),
    });
  });
});
