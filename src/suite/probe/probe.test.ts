/** @file Probes of an encoder in training: what they find, and that training is as it would be without them. */
import { appendFile, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadUtterances, type Utterance } from '../../data/manifest.js';
import type { PretrainConfig } from '../../pretrain/config.js';
import { pretrain } from '../../pretrain/train.js';
import { interrupting, melConfig, trainingEngine, weightsOf } from '../../pretrain/training.fixture.js';
import { type Probed, probesPath, readProbes } from '../../results/probes-file.js';
import { checkpointPath } from '../../training/keep-by-updates.js';
import { loadSuite } from '../definition.js';
import { executeTones, planTones, tonesSuite, writeTones } from '../tones.fixture.js';
import { planProbes } from './plan.js';
import { probingOf } from './probe.js';
import { fallenTexts } from './text.js';

// Every probe compiles programs, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

let folder = '';
let file = '';
let utterances: readonly Utterance[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-probe-'));
  file = await writeTones(folder);
  utterances = await loadUtterances(join(folder, 'tones.csv'), { splits: ['train'], keepColumns: false });
});
afterAll(() => rm(folder, { recursive: true }));

const config: PretrainConfig = melConfig;
const outOf = (name: string): string => join(folder, name);
const probesOf = async (limit = 400, remarks: string[] = []) =>
  planProbes(await loadSuite(file), limit, {}, (text) => void remarks.push(text));

/** A run with probes after every second of its six updates, stopped where the test wants it. */
async function run(name: string, { stopAfter = 0, resume = false } = {}) {
  const controller = new AbortController();
  const { signal } = controller;
  const engine = interrupting(await trainingEngine(), stopAfter, () => controller.abort());
  const remarks: string[] = [];
  const told: Probed[] = [];
  const out = outOf(name);
  const probing = probingOf({
    ...{ probes: await probesOf(), every: 2, config, out, engine, signal },
    say: (text) => void remarks.push(text),
    onProbed: (probed) => void told.push(probed),
  });
  const result = await pretrain({ config, utterances, out, engine, resume, quiet: true, signal, probing });
  return { result, remarks, told };
}

const places = async (name: string) =>
  (await readProbes(outOf(name))).map(({ update, task }) => [update, task]);
const written = (name: string): Promise<string> => readFile(probesPath(outOf(name)), 'utf8');
const all = [0, 2, 4, 6].flatMap((update) => ['ks', 'sid'].map((task) => [update, task]));

describe('a pre-training with probes', () => {
  it('is probed before, now and then, and at its end, and has the weights of one without', async () => {
    const { result, remarks, told } = await run('whole');
    expect(result).toMatchObject({ finished: true, steps: 6 });
    expect(remarks).toEqual([]);
    expect(await places('whole')).toEqual(all);
    expect(await readProbes(outOf('whole'))).toEqual(told);
    for (const { metric, value, interval, train, dev } of told) {
      expect({ metric, train, dev }).toEqual({ metric: 'accuracy', train: 8, dev: 8 });
      expect(value).toBeGreaterThanOrEqual(interval?.[0] ?? 0);
      expect(value).toBeLessThanOrEqual(interval?.[1] ?? 1);
    }
    const engine = await trainingEngine();
    await pretrain({ config, utterances, out: outOf('without'), engine, quiet: true });
    expect(await weightsOf(outOf('whole'))).toEqual(await weightsOf(outOf('without')));
  });

  it('goes on after Ctrl-C without probing twice', async () => {
    const { result } = await run('stopped', { stopAfter: 4 });
    expect(result).toMatchObject({ finished: false, steps: 4 });
    const before = await written('stopped');
    expect(await places('stopped')).toEqual(all.slice(0, 4));
    await run('stopped', { resume: true });
    expect((await written('stopped')).startsWith(before)).toBe(true);
    expect((await written('stopped')).split('\n')).toHaveLength(all.length + 1);
    const values = async (name: string) =>
      (await readProbes(outOf(name))).map(({ seconds: _, ...line }) => line);
    expect(await values('stopped')).toEqual(await values('whole'));
  });

  it('does no probe again that a killed run had done since its last checkpoint', async () => {
    const before = await written('whole');
    await rm(checkpointPath(join(outOf('whole'), 'checkpoints'), 6));
    await appendFile(probesPath(outOf('whole')), '{"update":6,"ta');
    const { result, told } = await run('whole', { resume: true });
    expect(result).toMatchObject({ finished: true, steps: 6 });
    expect(told.map(({ update }) => update)).toEqual([4, 4, 6, 6]);
    expect(await written('whole')).toBe(before);
  });

  it('does not end with a probe that fails, and probes again when it goes on', async () => {
    const [audio, away] = [join(folder, 'dev0.wav'), join(folder, 'away.wav')];
    const controller = new AbortController();
    const remarks: string[] = [];
    const engine = await trainingEngine();
    const out = outOf('failing');
    const say = (text: string): void => void remarks.push(text);
    const probing = probingOf({ probes: await probesOf(), every: 6, config, out, engine, say });
    await rename(audio, away);
    try {
      const { signal } = controller;
      const result = await pretrain({ config, utterances, out, engine, quiet: true, signal, probing });
      expect(result).toMatchObject({ finished: true });
    } finally {
      await rename(away, audio);
    }
    expect(remarks).toHaveLength(4);
    expect(remarks[0]).toMatch(/^the probe ks after 0 updates failed: .*dev0\.wav/);
    expect(await readProbes(out)).toMatchObject([{ failed: expect.stringMatching(/dev0/) }, {}, {}, {}]);
    await run('failing', { resume: true });
    expect((await readProbes(out)).filter(({ update }) => update === 6)).toMatchObject([
      { task: 'ks', value: expect.any(Number) },
      { task: 'sid', value: expect.any(Number) },
    ]);
  });

  it('leaves the test split alone, and tasks whose heads read frames', async () => {
    const remarks: string[] = [];
    const probes = await probesOf(4, remarks);
    expect(remarks).toEqual(['probes skip asr: only heads on means over time are cheap enough']);
    for (const { planned } of probes) {
      const splits = planned.utterances.map(({ split }) => split);
      expect(splits).toEqual(['train', 'train', 'train', 'train', 'dev', 'dev']);
    }
  });
});

describe('a suite whose pre-training is probed', () => {
  const suite = (tasks: readonly object[]) => ({
    ...tonesSuite,
    encoders: [
      { name: 'toy', pretrain: { config: 'toy.json', manifest: 'tones.csv', probe: { every: 3, limit: 8 } } },
    ],
    tasks,
  });

  it('has its own tasks as probes, in the folder of the run and for TensorBoard', async () => {
    const tensorboard = join(folder, 'board');
    const graph = await planTones(folder, { tensorboard }, suite(tonesSuite.tasks.slice(0, 2)));
    await executeTones(graph);
    const lines = await readProbes(join(folder, 'out', 'encoders', 'toy'));
    expect(lines.map(({ update }) => update)).toEqual([0, 0, 3, 3, 6, 6]);
  });

  it('is refused where no task can be a probe', async () => {
    await expect(planTones(folder, {}, suite(tonesSuite.tasks.slice(2)))).rejects.toThrow(
      /no task of the suite 'tones' can be a probe.*ks, ic, sid or er/,
    );
  });
});

describe('what is said at the end', () => {
  const at = (update: number, value: number): Probed => ({
    ...{ update, task: 'ks', encoder: 'e', probe: 'p', seconds: 1, train: 8, dev: 8 },
    ...{ metric: 'accuracy', direction: 'higher', value, interval: [value - 0.1, value + 0.1] },
  });

  it('names a task that was better before, beyond the interval of its best probe', () => {
    expect(fallenTexts([at(0, 0.2), at(100, 0.6), at(200, 0.4)])).toEqual([
      'ks was best after 100 updates (60.0 %) and is 40.0 % now: fewer --steps may give a better encoder',
    ]);
    expect(fallenTexts([at(0, 0.2), at(100, 0.6), at(200, 0.55)])).toEqual([]);
    expect(fallenTexts([])).toEqual([]);
  });
});
