/** @file A study from file to report, on two tones: it ends in verdicts, goes on after a stop, and refuses what cannot be. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { StudyReport } from '../../results/study/study.js';
import { designText } from '../../results/study/text.js';
import { titlesOf, tonesSuite, writeTones } from '../../suite/tones.fixture.js';
import { planStudy, runStudy, type StudyRequest } from './run.js';

vi.setConfig({ testTimeout: 120_000 });

let folder = '';
const study = {
  name: 'tones',
  strategies: ['random', { name: 'hard', masking: 'easy-to-hard' }],
  sizes: [{ name: 'toy', preset: 'tiny', config: 'toy.json' }],
  seeds: 2,
  budget: { updates: 4 },
  manifest: 'tones.csv',
  suite: 'suite.json',
  tasks: ['ks'],
  references: ['fbank'],
  probe: { every: 4, limit: 8 },
  analysis: { manifest: 'tones.csv', limit: 2 },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-study-'));
  await writeTones(folder, { ...tonesSuite, encoders: [] });
  vi.stubEnv('EHMAM_CACHE', join(folder, 'cache'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function requestOf(change: object = {}, name = 'study'): Promise<StudyRequest> {
  const file = join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify({ ...study, ...change }, null, 1));
  return {
    ...{ file, set: undefined, out: join(folder, name), quiet: true, say: () => undefined },
    ...{ engine: { name: 'onnx', threads: 1 }, jobs: 1, signal: new AbortController().signal },
  };
}

describe('a study', () => {
  it('that is stopped goes on with what is not done, and ends in a report with a verdict', async () => {
    const request = await requestOf();
    const controller = new AbortController();
    const first = runStudy({ ...request, signal: controller.signal });
    const model = join(request.out, 'encoders', 'toy.random.seed1', 'model.safetensors');
    while (!existsSync(model)) await sleep(5);
    controller.abort();
    expect(await first).toMatchObject({ interrupted: true, report: undefined });

    const { complete, report, written } = await runStudy(request);
    expect(complete).toBe(true);
    const trained = (await titlesOf(request.out, 'done')).filter((title) => title.startsWith('pre-train'));
    expect(trained).toEqual(
      ['hard.seed1', 'hard.seed2', 'random.seed1', 'random.seed2'].map((name) => `pre-train toy.${name}`),
    );
    expect(JSON.parse(await readFile(written[1] as string, 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(report)),
    );
    const { cells, verdicts, trainings, references, missing, hours } = report as StudyReport;
    expect(missing).toEqual([]);
    expect(cells.map(({ strategy, seeds }) => [strategy, seeds])).toEqual([
      ['random', 2],
      ['hard', 2],
    ]);
    expect(verdicts).toMatchObject([{ strategy: 'hard', task: 'ks', size: 'toy' }]);
    expect(references).toMatchObject([{ encoder: 'fbank', task: 'ks' }]);
    expect(hours.pretraining).toBeGreaterThan(0);
    for (const { curves, maskedFraction, speech } of trainings) {
      expect(curves[0]?.points.map(({ update, seeds }) => [update, seeds])).toEqual([
        [0, 2],
        [4, 2],
      ]);
      expect(maskedFraction?.mean).toBeGreaterThan(0);
      expect(speech.all?.seeds).toBe(2);
    }
    const text = await readFile(written[0] as string, 'utf8');
    expect(text).toMatch(/^# Study tones\n/);
    expect(text).toMatch(/ks: .*hard.*random.*accuracy [+−]\d/);

    const again = await runStudy(request);
    expect(again).toMatchObject({ done: 0, complete: true });
  });

  it('gives every strategy of a size the same updates, and every size the same frames', async () => {
    const sizes = [
      study.sizes[0],
      { name: 'twice', preset: 'tiny', config: 'toy.json', set: ['batch.size=4'] },
    ];
    const { design } = await planStudy(await requestOf({ sizes, budget: { frames: 2000 } }, 'frames'));
    const of = (size: string): number[] => [
      ...new Set(design.arms.filter((arm) => arm.size === size).map(({ updates }) => updates)),
    ];
    const [[toy = 0], [twice = 0]] = [of('toy'), of('twice')];
    expect([of('toy').length, of('twice').length]).toEqual([1, 1]);
    expect(toy / twice).toBeCloseTo(2, 1);
    for (const { updates, framesEach } of design.arms)
      expect(Math.abs(updates * framesEach - 2000)).toBeLessThanOrEqual(framesEach / 2);
  });

  it('gives a strategy as many budgets as it says', async () => {
    const strategies = ['random', { name: 'longer', masking: 'random', times: 2.5 }];
    const { design, suite } = await planStudy(await requestOf({ strategies, references: [] }, 'times'));
    expect(design.arms.map(({ encoder, updates }) => [encoder, updates])).toEqual([
      ['toy.random.seed1', 4],
      ['toy.random.seed2', 4],
      ['toy.longer.seed1', 10],
      ['toy.longer.seed2', 10],
    ]);
    const steps = suite.encoders.map(
      (each) => typeof each === 'object' && 'pretrain' in each && each.pretrain.steps,
    );
    expect(steps).toEqual([4, 4, 10, 10]);
    expect(designText(design)).toContain('frames, longer: 10 updates)');
  });

  const wrong: readonly (readonly [what: string, change: object, message: RegExp])[] = [
    [
      'a strategy that is not there',
      { strategies: ['random', 'hardest'] },
      /unknown masking strategy 'hardest'/,
    ],
    ['a single strategy', { strategies: ['random'] }, /expected at least two strategies/],
    ['a strategy twice', { strategies: ['random', 'random'] }, /duplicate name 'random'/],
    ['one seed', { seeds: 1 }, /study\.json:\d+:\d+:.*'seeds'.*expected 2 or more/],
    ['one seed twice', { seeds: [3, 3] }, /expected 2 or more/],
    ['a size that is not there', { sizes: ['huge'] }, /unknown preset 'huge'.*base, small, tiny/],
    [
      'a budget below an update',
      { budget: { frames: 3 } },
      /the budget is less than one update of 'toy'.*Increase/,
    ],
    [
      'no budget for a strategy',
      { strategies: ['random', { name: 'never', masking: 'random', times: 0 }] },
      /study\.json:\d+:\d+:.*times/,
    ],
    [
      'two budgets',
      { budget: { frames: 300, hours: 1 } },
      /expected exactly one of frames, hours and updates/,
    ],
    [
      'a baseline that is not compared',
      { baseline: 'block' },
      /expected one of the strategies: random, hard/,
    ],
    ['a task that the suite does not have', { tasks: ['kz'] }, /has no task 'kz'/],
    ['a key that is not there', { strategy: [] }, /unknown key 'strategy'\. Did you mean 'strategies'\?/],
    ['a suite of its own without audio', { manifest: undefined }, /required with a suite of your own/],
  ];
  it.each(wrong)('refuses %s before anything is written', async (_what, change, message) => {
    const request = { ...(await requestOf(change)), out: join(folder, 'nothing') };
    await expect(planStudy(request)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
    expect(existsSync(request.out)).toBe(false);
  });
});
