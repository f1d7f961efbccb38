/** @file Logs of pre-training as curves. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareRecords } from '../compare.js';
import { type ProbeLine, writeProbes } from '../probes-file.js';
import type { StoredRecord } from '../record.js';
import { result } from '../records.fixture.js';
import { pretrainingCurves, readLog } from './pretraining.js';
import { pretrainingRuns } from './runs.js';

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

  it('has a curve of what only some steps have, over those, and none of what no step has', async () => {
    const withCorrelation = (step: number): string =>
      JSON.stringify({ ...JSON.parse(line(step)), ...(step % 2 === 0 && { studentCorrelation: step / 10 }) });
    await writeFile(log, [1, 2, 3, 4].map((step) => `${withCorrelation(step)}\n`).join(''));
    // Two stretches of two steps.
    expect((await readLog(log, 1)).map(({ studentCorrelation }) => studentCorrelation)).toEqual([0.2, 0.4]);
    const part = await pretrainingCurves({ runs: [{ label: 'tiny', colour: 1, folder }], missing: [] });
    expect(part?.charts['pretraining-studentCorrelation']).toMatchObject({
      series: [
        {
          points: [
            [2, 0.2],
            [4, 0.4],
          ],
        },
      ],
    });
    expect(Object.keys(part?.charts ?? {})).not.toContain('pretraining-targetsCorrelation');
  });

  it('may end in a torn line, and in no other place', async () => {
    await writeFile(log, `${line(1)}\n${line(2)}\n{"step":3,"recon`);
    expect(await readLog(log)).toHaveLength(2);
    await writeFile(log, `${line(1)}\nwhat\n${line(3)}\n`);
    await expect(readLog(log)).rejects.toThrow(`${log}:2: is not a training step`);
  });
});

describe('curves of probes', () => {
  it('are drawn of every task that was probed, in percent, without probes that failed', async () => {
    await writeFile(log, `${line(1)}\n`);
    const at = { encoder: 'e', probe: 'p', seconds: 1 };
    const ks = { ...at, task: 'ks', metric: 'accuracy', direction: 'higher', train: 8, dev: 8 } as const;
    const lines: readonly ProbeLine[] = [
      { ...ks, update: 0, value: 0.25 },
      { ...ks, update: 100, value: 0.5 },
      { ...at, task: 'ks', update: 200, failed: 'no audio' },
    ];
    await writeProbes(folder, lines);
    const runs = [{ label: 'tiny', colour: 1, folder }];
    const part = await pretrainingCurves({ runs, missing: [] });
    expect(part?.charts['pretraining-probe-ks']).toEqual({
      kind: 'curves',
      axis: 'accuracy % on part of dev, higher is better',
      series: [
        {
          label: 'tiny',
          colour: 1,
          points: [
            [0, 25],
            [100, 50],
          ],
        },
      ],
    });
    await rm(join(folder, 'probes.jsonl'));
  });
});

describe('the run behind an encoder', () => {
  const of = (name: string, hash: string, spec: string) =>
    result(name, 'asr', 0.2, { encoder: { name, spec, hash, family: 'ehmam' } });
  const runsOf = async (
    records: readonly StoredRecord[],
    folders: readonly string[],
    hashes: Readonly<Record<string, string>> = {},
  ) => {
    const remarks: string[] = [];
    const { runs, missing } = await pretrainingRuns(compareRecords(records), records, {
      folders,
      hashOf: async (each) => hashes[each],
      remark: (why) => remarks.push(why),
    });
    expect(remarks).toEqual(missing);
    return { runs: runs.map((run) => [run.label, run.colour, run.folder]), remarks };
  };

  it('is found by the SPEC of an encoder, and by the name of a folder', async () => {
    const records = [of('tiny', 'a', folder), of('random:tiny', 'b', 'random:tiny')];
    const own = ['tiny', 0, folder];
    expect((await runsOf(records, [])).runs).toEqual([own]);
    expect((await runsOf(records, [], { [folder]: 'a' })).runs).toEqual([own]);
    const other = join(folder, 'other');
    await mkdir(other);
    await writeFile(join(other, 'log.jsonl'), `${line(1)}\n`);
    expect((await runsOf(records, [other])).runs).toEqual([own, ['other', 2, other]]);
    await expect(runsOf(records, ['/nowhere'])).rejects.toThrow('contains no pre-training log');
  });

  it('is the one with its weights, where two trainings have one name', async () => {
    const [a, b] = [join(folder, 'a', 'checkpoint'), join(folder, 'b', 'checkpoint')];
    for (const each of [a, b]) {
      await mkdir(each, { recursive: true });
      await writeFile(join(each, 'log.jsonl'), `${line(1)}\n`);
    }
    const [first, second] = ['1234567890', '0987654321'];
    const records = [of('checkpoint', first, 'elsewhere/checkpoint'), of('checkpoint', second, b)];
    const labels = ['checkpoint (12345678)', 'checkpoint (09876543)'];
    const hashes = { [a]: first, [b]: second };
    const both = [
      [labels[0], 0, a],
      [labels[1], 1, b],
    ];
    expect((await runsOf(records, [b, a], hashes)).runs).toEqual(both);
    expect((await runsOf(records, [a], hashes)).runs).toEqual(both);
    // The name alone does not say whose run it is while it has no encoder.
    expect((await runsOf(records, [a], { [b]: second })).runs).toEqual([
      [labels[1], 1, b],
      ['checkpoint', 2, a],
    ]);
    const trainedAnew = await runsOf([of('checkpoint', first, b)], [], hashes);
    expect(trainedAnew).toEqual({
      runs: [],
      remarks: [`no training curves of checkpoint: the weights in ${b} differ from those of its results`],
    });
  });

  it('is found wherever the folders were moved: beside the results, below them, below what is given', async () => {
    const moved = join(folder, 'moved');
    const places = [
      'encoders/one',
      'results/encoders/tiny.two.seed1',
      'results/deep/er/renamed',
      'given/four',
    ];
    const hashes: Record<string, string> = {};
    for (const place of places) {
      await mkdir(join(moved, place), { recursive: true });
      await writeFile(join(moved, place, 'log.jsonl'), `${line(1)}\n`);
      hashes[join(moved, place)] = `hash of ${place.split('/').at(-1)}`;
    }
    const stored = (name: string, spec: string): StoredRecord => {
      const { record } = of(name, `hash of ${name}`, spec);
      return { path: join(moved, 'results', name, 'asr', 'record.json'), record };
    };
    const records = [
      stored('one', 'encoders/one'),
      // As studies name theirs.
      stored('tiny.two.seed1', 'tiny.two.seed1'),
      stored('renamed', 'runs/three'),
      stored('four', 'four'),
      stored('five', 'runs/five'),
    ];
    const found = await runsOf(records, [join(moved, 'given')], hashes);
    expect(found.runs.map(([label, , at]) => [label, at])).toEqual(
      ['one', 'tiny.two.seed1', 'renamed', 'four'].map((name, i) => [name, join(moved, places[i] ?? '')]),
    );
    expect(found.remarks).toEqual([
      'no training curves of five: found no folder runs/five with a log in or next to the results; name it with --encoders',
    ]);
  });

  it('is not missed of encoders that others made', async () => {
    const records = ['random:tiny', 'hf:a/b', 'models/eh-mam.pt'].map((spec) => of(spec, spec, spec));
    expect(
      (
        await runsOf(
          [
            ...records,
            result('fbank', 'asr', 0.3, {
              encoder: { name: 'fbank', spec: 'fbank', hash: 'f', family: 'fbank' },
            }),
          ],
          [],
        )
      ).remarks,
    ).toEqual([]);
  });
});
