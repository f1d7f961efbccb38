/** @file Logs of pre-training as curves. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareRecords } from '../compare.js';
import { result } from '../records.fixture.js';
import { pretrainingRuns, readLog } from './pretraining.js';

let folder: string;
let log: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-log-'));
  log = join(folder, 'log.jsonl');
});
afterAll(() => rm(folder, { recursive: true }));

const line = (step: number): string =>
  JSON.stringify({
    step,
    reconstruction: 2 * step,
    ...{
      ranking: 1,
      targetVariance: 1,
      predictionVariance: 1,
      maskedFraction: 0.5,
      hardShare: 0,
      seconds: 9,
    },
  });

describe('a log of pre-training', () => {
  it('becomes means over equal stretches, in few points whatever its length', async () => {
    await writeFile(log, Array.from({ length: 1000 }, (_, i) => `${line(i + 1)}\n`).join(''));
    const points = await readLog(log, 20);
    expect(points.length).toBeGreaterThanOrEqual(20);
    expect(points.length).toBeLessThanOrEqual(40);
    // Steps 1 to 32: their mean is 16.5.
    expect(points[0]).toMatchObject({ step: 16.5, reconstruction: 33, maskedFraction: 0.5 });
    for (const { step, reconstruction } of points) expect(reconstruction).toBeCloseTo(2 * step, 6);
  });

  it('may end in a torn line, and in no other place', async () => {
    await writeFile(log, `${line(1)}\n${line(2)}\n{"step":3,"recon`);
    expect(await readLog(log)).toHaveLength(2);
    await writeFile(log, `${line(1)}\nwhat\n${line(3)}\n`);
    await expect(readLog(log)).rejects.toThrow(`${log}:2: is not a step of a pre-training`);
  });

  it('is found by the SPEC of an encoder, and by the name of a folder', async () => {
    const records = [
      result('tiny', 'asr', 0.2, { encoder: { name: 'tiny', spec: folder, hash: 'a', family: 'ehmam' } }),
      result('fbank', 'asr', 0.3),
    ];
    const comparison = compareRecords(records);
    const run = { label: 'tiny', colour: 0, folder };
    expect(await pretrainingRuns(comparison, records, [])).toEqual([run]);
    const other = { ...run, label: folder.split('/').at(-1), colour: 2 };
    expect(await pretrainingRuns(comparison, records, [folder])).toEqual([run, other]);
    await expect(pretrainingRuns(comparison, records, ['/nowhere'])).rejects.toThrow('holds no log');
  });
});
