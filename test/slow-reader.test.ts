/** @file Trainings that wait for a slow reader say so, and learn what they would have learnt. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { audioCache } from '../src/data/audio-cache.js';
import { spokenEncoder, spokenSettings, writeSpokenManifest } from '../src/finetune/finetuning.fixture.js';
import { finetune } from '../src/finetune/train.js';
import { stepScalars } from '../src/pretrain/step-scalars.js';
import { pretrain, type StepLog } from '../src/pretrain/train.js';
import { logOf, melConfig, trainingEngine, writeUtterances } from '../src/pretrain/training.fixture.js';

/** Milliseconds that every reading takes, one after the other. */
let slow = 0;

vi.mock('../src/data/audio-cache.js', { spy: true });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-slow-'));
  vi.mocked(audioCache).mockImplementation((utterances, _bytes, pool) => {
    let before = Promise.resolve();
    return async (index) => {
      before = before.then(() => sleep(slow).then(() => undefined));
      await before;
      return pool.run(utterances[index] as (typeof utterances)[number]);
    };
  });
});
afterAll(() => rm(folder, { recursive: true }));

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

async function waitingIn(log: string): Promise<number> {
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  const shares = lines
    .map((line) => JSON.parse(line) as Partial<StepLog>)
    .flatMap(({ waiting }) => waiting ?? []);
  // What was compiled at first takes longer than any reading.
  return median(shares.slice(4));
}

// The machine may be busy.
vi.setConfig({ testTimeout: 180_000 });

it('pre-training', async () => {
  const utterances = await writeUtterances(folder);
  const optimizer = { ...melConfig.optimizer, steps: 10 };
  const config = { ...melConfig, optimizer, batch: { size: 2, cropSeconds: [0.4] } };
  const told: StepLog[] = [];
  const run = async (name: string, milliseconds: number): Promise<string> => {
    slow = milliseconds;
    const out = join(folder, name);
    const engine = await trainingEngine();
    await pretrain({ config, utterances, out, engine, quiet: true, onStep: (log) => told.push(log) });
    return out;
  };
  const [waits, keepsUp] = [await run('slow', 200), await run('fast', 0)];
  const [most, least] = await Promise.all([waits, keepsUp].map((out) => waitingIn(join(out, 'log.jsonl'))));
  expect(most).toBeGreaterThan(0.5);
  expect(least).toBeLessThan(most as number);
  expect(await logOf(waits)).toEqual(await logOf(keepsUp));
  expect(stepScalars(told[0] as StepLog).waiting_for_input).toBe(told[0]?.waiting);
});

it('fine-tuning', async () => {
  const manifest = await writeSpokenManifest(folder, { train: 2, dev: 1 });
  const settings = spokenSettings({
    ...{ updates: 8, frozenUpdates: 0 },
    dev: { from: 8, everyUpdates: 8, everyEpochs: 0 },
  });
  const run = async (name: string, milliseconds: number): Promise<string> => {
    slow = milliseconds;
    const out = join(folder, `finetuned ${name}`);
    const engine = await trainingEngine();
    await finetune({ encoder: spokenEncoder(), settings, preset: 'toy', manifest, out, engine, quiet: true });
    return out;
  };
  // Two readings an update.
  const [waits, keepsUp] = [await run('slow', 200), await run('fast', 0)];
  const [most, least] = await Promise.all([waits, keepsUp].map((out) => waitingIn(join(out, 'log.jsonl'))));
  expect(most).toBeGreaterThan(0.3);
  expect(least).toBeLessThan(most as number);
});
