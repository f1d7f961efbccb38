/** @file Tasks from modules: the tutorial's task runs from outside, and what is no task is refused. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { writeWav } from '../audio/index.js';
import { randomStream } from '../base/random.js';
import { runFromSuite } from '../cli/run/from-suite.js';
import type { Comparison } from '../results/index.js';
import { loadTasks } from './tasks.js';

const source = new URL('../../test/fixtures/plugin-task/index.mjs', import.meta.url).pathname;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-task-'));
  vi.stubEnv('EHMAM_CACHE', join(folder, 'cache'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test("the tutorial's task runs from a package outside, and gives its metrics", async () => {
  const place = join(folder, 'node_modules', 'spoken-language');
  await mkdir(place, { recursive: true });
  await copyFile(source, join(place, 'index.mjs'));
  await writeFile(join(place, 'package.json'), '{"name":"spoken-language","main":"index.mjs"}');
  const rows = ['id,path,split,language'];
  const random = randomStream(1, 'two languages');
  for (const [split, count] of Object.entries({ train: 24, dev: 8, test: 8 })) {
    for (let i = 0; i < count; i++) {
      const pitch = i % 2 === 0 ? 0.05 : 0.4;
      const samples = Float32Array.from(
        { length: 4800 },
        (_, n) => 0.3 * Math.sin(n * pitch) + 0.02 * random.normal(),
      );
      await writeWav(join(folder, `${split}${i}.wav`), samples, 16000);
      rows.push(`${split}${i},${split}${i}.wav,${split},${i % 2 === 0 ? 'low' : 'high'}`);
    }
  }
  await writeFile(join(folder, 'm.csv'), `${rows.join('\n')}\n`);
  const settings = { learningRates: [0.01], maximumUpdates: 30, projectionSize: 8 };
  const tasks = [{ name: 'lid', manifest: 'm.csv', settings }];
  await writeFile(join(folder, 's.json'), JSON.stringify({ name: 's', tasks, encoders: ['fbank'] }));
  const here = vi.spyOn(process, 'cwd').mockReturnValue(folder);
  try {
    const { comparison } = await runFromSuite({
      suite: join(folder, 's.json'),
      tasks: ['lid'],
      encoders: undefined,
      seeds: ['2'],
      plugins: ['spoken-language'],
      out: join(folder, 'results'),
      engine: { name: 'onnx', provider: 'cpu' },
      quiet: true,
      signal: new AbortController().signal,
    });
    const { rows: table, columns } = comparison as Comparison;
    expect(columns).toMatchObject([{ task: 'lid', metric: 'recall' }]);
    expect(table.map((row) => row.cells[0])).toMatchObject([
      { value: 1, seeds: 2, interval: [1, 1], intervalOver: 'units' },
    ]);
  } finally {
    here.mockRestore();
  }
});

test.each([
  ['export const other = 1', /exports no tasks/],
  ["export const tasks = [{ name: 'x', version: 0 }]", /a task 'x' whose version is missing or wrong/],
])('a module that says %j is refused', async (text, message) => {
  const file = join(folder, `${text.length}.mjs`);
  await writeFile(file, text);
  await expect(loadTasks([file])).rejects.toThrow(message);
});

test('a name that is taken is refused', async () => {
  await expect(loadTasks([source, source])).rejects.toThrow(/the task 'lid', which is there already/);
});
