/** @file A pre-training that is killed at any moment goes on to the very weights of one that was not. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { randomMoments } from '../src/base/moments.fixture.js';
import { compileEntry, type Entry } from '../src/cli/entry.fixture.js';
import { writeManifest } from '../src/data/manifest.js';
import { readSafetensors } from '../src/formats/safetensors.js';
import { melConfig, weightsOf, writeUtterances } from '../src/pretrain/training.fixture.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

/** `EHMAM_KILLS` asks for more. */
const kills = Number(process.env.EHMAM_KILLS ?? 1);
const steps = 20 * kills + 20;
const batches = [
  ['whole', melConfig.batch],
  ['in parts', { ...melConfig.batch, size: 1, accumulate: 2 }],
] as const;

let entry: Entry;
let folder: string;
beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-killed-'));
  const rows = (await writeUtterances(folder)).map(({ id, path, split }) => ({ id, path, split }));
  await writeManifest(join(folder, 'speech.csv'), rows);
  const settings = { ...melConfig, checkpointEvery: 2, optimizer: { ...melConfig.optimizer, steps } };
  for (const [name, batch] of batches)
    await writeFile(join(folder, `${name}.json`), JSON.stringify({ ...settings, batch }));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const words = (batch: string, out: string, ...more: string[]): string[] => [
  ...['pretrain', '--manifest', join(folder, 'speech.csv'), '--config', join(folder, `${batch}.json`)],
  ...['--out', join(folder, out), '--threads', '1', '--quiet', ...more],
];

const stepsLogged = async (out: string): Promise<number> =>
  (await readFile(join(folder, out, 'log.jsonl'), 'utf8').catch(() => '')).split('\n').length - 1;

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.on('close', () => resolve());
  });

describe.each(batches)('a pre-training with batches %s that is killed several times', (batch) => {
  it('leaves whole checkpoints each time, and ends with the weights of one that was not killed', async () => {
    const [whole, killed] = [`${batch}, whole`, `${batch}, killed`];
    const random = randomMoments('moments');
    const uninterrupted = entry.run(words(batch, whole));
    let survived = 0;
    for (let kill = 0; kill < kills; kill++) {
      const child = entry.start(words(batch, killed, '--resume'));
      const end = ended(child);
      const before = await stepsLogged(killed);
      // Some steps on: in a computation, a line of the log, a checkpoint, a removal.
      const target = before + 1 + random.integer(10);
      while ((await stepsLogged(killed)) < target && child.exitCode === null) await sleep(2);
      await sleep(random.uniform() * 15);
      survived += child.exitCode === null ? 1 : 0;
      child.kill('SIGKILL');
      await end;
      const checkpoints = join(folder, killed, 'checkpoints');
      const files = existsSync(checkpoints) ? await readdir(checkpoints) : [];
      for (const file of files.filter((name) => /^step-\d+\.safetensors$/.test(name)))
        expect(Object.keys((await readSafetensors(join(checkpoints, file))).tensors).length).toBeGreaterThan(
          0,
        );
    }
    // A run that ended before its kill would show nothing.
    expect(survived).toBe(kills);
    expect(await entry.run(words(batch, killed, '--resume'))).toMatchObject({ code: 0, stderr: '' });
    expect(await uninterrupted).toMatchObject({ code: 0, stderr: '' });
    expect(await weightsOf(join(folder, killed))).toEqual(await weightsOf(join(folder, whole)));
    const losses = async (out: string): Promise<unknown[]> =>
      (await readFile(join(folder, out, 'log.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { loss: number }).loss);
    expect(await losses(killed)).toEqual(await losses(whole));
    expect(await losses(killed)).toHaveLength(steps);
    expect((await readdir(join(folder, killed, 'checkpoints'))).sort()).toEqual([
      `step-${steps - 2}.safetensors`,
      `step-${steps}.safetensors`,
    ]);
    expect((await stat(join(folder, killed, 'config.json'))).size).toBeGreaterThan(0);
  });
});
