/** @file `ehmam finetune`: killed or interrupted at any moment, it goes on to the very bytes of one that was not. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { sha256OfFile } from '../src/base/files.js';
import { randomMoments } from '../src/base/moments.fixture.js';
import { compileEntry, type Entry } from '../src/cli/entry.fixture.js';
import { writeOwnFolder } from '../src/encoders/own-folder.js';
import { spokenEncoder, spokenSettings, writeSpokenManifest } from '../src/finetune/finetuning.fixture.js';
import { readFinetuning } from '../src/results/finetuning-file.js';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

/** `EHMAM_KILLS` asks for more. */
const kills = Number(process.env.EHMAM_KILLS ?? 1);
const updates = 20 * kills + 20;

let entry: Entry;
let folder: string;
let manifest: string;
beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-finetune-killed-'));
  manifest = await writeSpokenManifest(folder, { train: 12, dev: 3, test: 3 });
  const { config, parameters, hash } = spokenEncoder();
  await writeOwnFolder(join(folder, 'toy'), { config, parameters }, hash);
  const { seed: _, ...settings } = spokenSettings({
    updates,
    frozenUpdates: 10,
    dev: { from: 5, everyUpdates: 5, everyEpochs: 0 },
  });
  await writeFile(join(folder, 'toy.json'), JSON.stringify(settings));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const words = (out: string, ...more: string[]): string[] => [
  ...['finetune', join(folder, 'toy'), '--manifest', manifest, '--config', join(folder, 'toy.json')],
  ...['--out', join(folder, out), '--threads', '1', '--checkpoint-every', '0', ...more],
];

const linesOf = async (out: string): Promise<string[]> =>
  (await readFile(join(folder, out, 'log.jsonl'), 'utf8').catch(() => '')).split('\n').slice(0, -1);

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.on('close', () => resolve());
  });

/** All that a training leaves, but for times, costs and the hash of the log. */
async function leftOf(out: string): Promise<unknown> {
  const { record } = await readFinetuning(join(folder, out));
  const { costs: _, createdAt: __, ...same } = record;
  const log = (await linesOf(out)).map((line) => ({
    ...(JSON.parse(line) as object),
    seconds: 0,
    waiting: 0,
  }));
  const files = (await readdir(join(folder, out))).sort();
  const hashed = files.filter((name) => /^(config|model|predictions)/.test(name));
  return {
    ...{ same, log, files },
    hashes: await Promise.all(hashed.map((name) => sha256OfFile(join(folder, out, name)))),
  };
}

it('killed several times and interrupted once, it ends as one that was left alone', async () => {
  const random = randomMoments('moments');
  expect(await entry.run(words('whole', '--quiet'))).toMatchObject({
    ...{ code: 0, stderr: '' },
    stdout: expect.stringMatching(/^dev: word error rate [\d.]+ % \[.*\n.*is ready after \d+ updates/s),
  });
  let survived = 0;
  for (let kill = 0; kill < kills; kill++) {
    const child = entry.start(words('killed', '--quiet', '--resume'));
    const end = ended(child);
    // From the second line on: a checkpoint is written after the first update's.
    const target = (await linesOf('killed')).length + 2 + random.integer(10);
    while ((await linesOf('killed')).length < target && child.exitCode === null) await sleep(2);
    await sleep(random.uniform() * 15);
    survived += child.exitCode === null ? 1 : 0;
    child.kill('SIGKILL');
    await end;
  }
  // One that ended before its kill would show nothing.
  expect(survived).toBe(kills);
  const before = (await linesOf('killed')).length;
  const interrupted = await entry.runAndInterrupt(words('killed', '--resume'), () => {
    const log = readFileSync(join(folder, 'killed', 'log.jsonl'), 'utf8');
    return log.split('\n').length > before + 3;
  });
  expect(interrupted).toMatchObject({
    code: 130,
    stderr: expect.stringMatching(/resuming from update \d+\n/),
  });
  expect(interrupted.stderr).toMatch(/stopped after \d+ updates; --resume continues from there/);
  const last = await entry.run(words('killed', '--quiet', '--resume', '--json'));
  expect(last).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(last.stdout)).toMatchObject({ finished: true, updates, record: { updates } });
  expect(await leftOf('killed')).toEqual(await leftOf('whole'));
});
