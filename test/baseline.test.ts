/** @file The gate's committed baseline: whole, of no machine, and as good as itself. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { JudgedRow } from '../src/api/task.js';
import { runGate } from '../src/cli/gate/run.js';
import { checkResults } from '../src/cli/validate/results.js';
import { readRecords } from '../src/results/index.js';
import { recordMetric } from '../src/results/intervals.js';
import { judgeRows, readRows } from '../src/results/rows.js';
import { speakersToDraw } from '../src/results/speakers.js';
import { builtInTasks } from '../tasks/index.js';

const baseline = 'results/mini/baseline';

it('has the encoders that need no training on all four tasks, with all of their predictions', async () => {
  const records = await readRecords([baseline]);
  const places = records.map(({ record }) => `${record.encoder.name} ${record.manifest.path}`);
  expect(places).toEqual(
    ['fbank', 'random:tiny'].flatMap((name) =>
      ['asr', 'ic', 'ks', 'sid'].map((task) => `${name} mini/${task}.csv`),
    ),
  );
  expect((await checkResults([baseline])).faults).toEqual([]);
  for (const { path } of records) expect(JSON.parse(await readFile(path, 'utf8')).schemaVersion).toBe(2);
});

it('comes out again of its predictions, every value and interval to the last digit', async () => {
  for (const { path, record } of await readRecords([baseline])) {
    const task = builtInTasks.find(({ name }) => name === record.task.name);
    if (task === undefined) throw new Error(`no task ${record.task.name}`);
    const rows: JudgedRow[] = [];
    const speakers: (string | undefined)[] = [];
    for await (const { row, line } of readRows({ path, record }, task)) {
      rows.push(row);
      speakers.push(line.speaker);
    }
    const values = judgeRows(task, rows);
    const drawn = speakersToDraw(task, speakers);
    for (const metric of task.metrics) {
      const value = values[metric.name];
      expect(value && recordMetric(metric, value, rows.length, drawn, record.seed)).toEqual(
        record.metrics[metric.name],
      );
    }
  }
});

it('holds against itself', async () => {
  const settings = { tolerance: 0, level: 0.05, junit: undefined, environment: {} };
  const { report } = await runGate(baseline, baseline, settings);
  expect(report.verdict).toBe('holds');
  expect(report.cells.map(({ difference }) => difference)).toEqual(Array.from({ length: 8 }, () => 0));
});
