/** @file The gate's committed baseline: whole, of no machine, and as good as itself. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { runGate } from '../src/cli/gate/run.js';
import { checkResults } from '../src/cli/validate/results.js';
import { readRecords } from '../src/results/index.js';

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

it('holds against itself', async () => {
  const settings = { tolerance: 0, level: 0.05, junit: undefined, environment: {} };
  const { report } = await runGate(baseline, baseline, settings);
  expect(report.verdict).toBe('holds');
  expect(report.cells.map(({ difference }) => difference)).toEqual(Array.from({ length: 8 }, () => 0));
});
