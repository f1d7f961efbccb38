/** @file `ehmam run`, killed or interrupted while heads are trained, ends with the results of a run that was not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { writeWav } from '../src/audio/index.js';
import { sha256OfFile, systemCode } from '../src/base/files.js';
import { randomMoments } from '../src/base/moments.fixture.js';
import { randomStream } from '../src/base/random.js';
import { compileEntry, type Entry } from '../src/cli/entry.fixture.js';
import { writeManifest } from '../src/data/manifest.js';
import { readSafetensors } from '../src/formats/safetensors.js';
import { type ResultRecord, readRecords } from '../src/results/index.js';
import { titlesOf } from '../src/suite/tones.fixture.js';
import { headCheckpointName } from '../src/training/keep-work.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

let entry: Entry;
let folder: string;

/** Words of three letters, each letter a tone of its own. */
beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-heads-'));
  const letters = 'ENO';
  const rows = ['train', 'dev', 'test'].flatMap((split) =>
    Array.from({ length: split === 'train' ? 24 : 8 }, (_, i) => {
      const random = randomStream(7, split, i);
      const text = Array.from({ length: 3 }, () => letters[random.integer(3)]).join('');
      return { id: `${split}${i}`, path: `${split}${i}.wav`, split, label: letters[i % 3] as string, text };
    }),
  );
  for (const { id, path, label, text } of rows) {
    const random = randomStream(8, id);
    const samples = Float32Array.from({ length: 6000 }, (_, n) => {
      const letter = letters.indexOf(text[Math.floor(n / 2000)] ?? '');
      return (
        0.2 * Math.sin(n * (0.3 + 0.4 * letter)) + 0.1 * Math.sin(n * (0.2 + 0.1 * letters.indexOf(label)))
      );
    });
    await writeWav(
      join(folder, path),
      samples.map((value) => value + 0.05 * random.normal()),
      16000,
    );
  }
  await writeManifest(join(folder, 'words.csv'), rows);
  const tasks = [
    {
      name: 'ks',
      manifest: 'words.csv',
      settings: { learningRates: [0.01, 1e-3, 1e-4], maximumUpdates: 160, evaluateEvery: 10, patience: 0 },
    },
    {
      name: 'asr',
      manifest: 'words.csv',
      settings: { projectionSize: 16, lstmSize: 16, maximumUpdates: 40, evaluateEvery: 10, patience: 0 },
    },
  ];
  const [ks] = tasks;
  // One that no test waits for the end of.
  const endless = [
    { ...ks, settings: { ...ks?.settings, learningRates: [0.01], maximumUpdates: 1_000_000 } },
  ];
  for (const [name, some] of [
    ['suite', tasks],
    ['long', endless],
  ] as const)
    await writeFile(join(folder, `${name}.json`), JSON.stringify({ name, tasks: some, encoders: ['fbank'] }));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const random = randomMoments('moments');

const wordsOf = (suite: string, out: string, ...more: string[]): string[] => [
  ...['run', '--suite', join(folder, suite), '--seeds', '1,2', '--jobs', '1', '--threads', '1'],
  ...['--out', join(folder, out), ...more],
];
const words = (out: string, ...more: string[]): string[] => wordsOf('suite.json', out, ...more);
const environment = () => ({ EHMAM_CACHE: join(folder, 'cache') });
const placeOf = (out: string, seed: number, task: string): string =>
  join(folder, out, `seed-${seed}`, 'fbank', task);
const checkpointOf = (...place: [out: string, seed: number, task: string]): string =>
  join(placeOf(...place), headCheckpointName);

/** How far a checkpoint has come; 0 where there is none (yet, or any more). */
async function updatesKept(file: string): Promise<number> {
  const { metadata } = await readSafetensors(file, () => false).catch((error: Error) => {
    if (systemCode(error.cause) !== 'ENOENT') throw error;
    return { metadata: { state: '{"update": 0}' } };
  });
  return (JSON.parse(metadata.state ?? '') as { update: number }).update;
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.on('close', () => resolve());
  });

/** Everything a run leaves of a task, but for costs and times. */
async function resultsOf(out: string, task?: string): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const { record } of await readRecords([join(folder, out)])) {
    if (task !== undefined && record.task.name !== task) continue;
    const { costs: _, createdAt: __, ...same }: ResultRecord = record;
    const place = placeOf(out, record.seed, record.task.name);
    // The record holds the hash of the predictions.
    results.push({ ...same, head: await sha256OfFile(join(place, 'head.safetensors')) });
    expect((await readdir(place)).sort()).toEqual(['head.safetensors', 'predictions.jsonl', 'record.json']);
  }
  return results;
}

/** Starts a run and kills it once a training of it has kept 20 updates more, or more. */
async function kill(line: readonly string[], ...place: Parameters<typeof checkpointOf>): Promise<void> {
  const file = checkpointOf(...place);
  const before = await updatesKept(file);
  // The leader of a group, so that its workers die the same death.
  const child = spawn(process.execPath, [entry.compiled('src/cli/main.js'), ...line], {
    env: { ...process.env, ...environment() },
    detached: true,
    stdio: 'ignore',
  });
  const end = ended(child);
  while ((await updatesKept(file)) < before + 20 && child.exitCode === null) await sleep(2);
  await sleep(20 * random.uniform());
  if (child.exitCode === null) process.kill(-(child.pid as number), 'SIGKILL');
  await end;
  if ((await updatesKept(file)) > before) return;
  // This process got its turn too late, and the training was over: once more, from its start.
  const [out, , task] = place;
  for (const seed of [1, 2]) await rm(placeOf(out, seed, task), { recursive: true, force: true });
  await kill(line, ...place);
}

/** Starts a run, interrupts it a while after its head's job was started, and says what it told. */
async function interrupt(line: readonly string[], out: string, pause: number): Promise<string> {
  const started = async (): Promise<number> =>
    (await titlesOf(join(folder, out), 'started')).filter((title) => title.includes('head')).length;
  const before = await started();
  const child = entry.start(line, environment());
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const end = ended(child);
  while ((await started()) === before && child.exitCode === null) await sleep(20);
  await sleep(pause);
  child.kill('SIGINT');
  await end;
  return `${stderr}\nexit code ${child.exitCode}`;
}
const always = ['--checkpoint-every', '0'];

it('ends with the records, predictions and heads of a run that was left alone', async () => {
  expect(await entry.run(words('whole', '--quiet'), environment())).toMatchObject({ code: 0, stderr: '' });
  // `EHMAM_KILLS` asks for more.
  const last = process.env.EHMAM_KILLS === undefined ? [] : ([[2, 'asr']] as const);
  const kills = [[1, 'ks'], [1, 'asr'], ...last] as const;
  for (const [seed, task] of kills) await kill(words('killed', '--quiet', ...always), 'killed', seed, task);

  const { code, stderr } = await entry.run(words('killed', ...always), environment());
  expect(code).toBe(0);
  expect(stderr).toMatch(/asr head on fbank: resuming from update \d+\n/);
  const results = await resultsOf('killed');
  expect(results).toHaveLength(4);
  expect(results).toEqual(await resultsOf('whole'));
});

it('starts anew with --no-resume, to the same end', async () => {
  await kill(words('anew', '--tasks', 'ks', ...always), 'anew', 1, 'ks');
  const again = await entry.run(words('anew', '--tasks', 'ks', '--no-resume'), environment());
  expect(again.code).toBe(0);
  expect(again.stderr).not.toContain('going on');
  expect(await resultsOf('anew')).toEqual(await resultsOf('whole', 'ks'));
});

it('interrupted, writes what there is at its next safe place, and goes on from there', async () => {
  const [file, line] = [checkpointOf('long', 1, 'ks'), wordsOf('long.json', 'long')];
  // It is never time for a checkpoint: the interruption writes it, if an update was done by then.
  let pause = 500;
  const kept = async (least: number): Promise<string> => {
    const told = await interrupt([...line, '--checkpoint-every', '1000'], 'long', pause);
    pause *= 2;
    return (await updatesKept(file)) > least ? told : kept(least);
  };
  const first = await kept(0);
  expect(first).toMatch(/exit code 130$/);
  expect(await kept(await updatesKept(file))).toMatch(/exit code 130$/);
});
