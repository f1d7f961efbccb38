/** @file Feature stores made by several processes, some of them killed: whole, equal, and no shard made twice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../src/audio/index.js';
import { randomMoments } from '../src/base/moments.fixture.js';
import { randomStream } from '../src/base/random.js';
import { compileEntry, type Entry } from '../src/cli/entry.fixture.js';
import type { Utterance } from '../src/data/rows.js';
import type { MakeRequest } from '../src/features/make.fixture.js';

const count = 24 * 64; // 24 shards.

let entry: Entry;
let folder: string;
let utterances: Utterance[];
let undisturbed: Readonly<Record<string, string>>;

beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-features-killed-'));
  const random = randomStream(1, 'noise');
  const path = join(folder, 'noise.wav');
  await writeWav(
    path,
    Float32Array.from({ length: 16000 * 8 }, () => random.normal() / 8),
    16000,
  );
  utterances = Array.from({ length: count }, (_, i) => ({
    id: `u${i}`,
    path,
    startSeconds: i / 200,
    durationSeconds: 0.1 + (i % 7) / 100,
    split: 'train',
    columns: {},
    line: i + 2,
    manifest: 'm.csv',
  }));
  expect(await ended(await start('undisturbed'))).toEqual([0, count]);
  undisturbed = await filesOf('undisturbed');
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Maker {
  readonly child: ChildProcess;
  readonly text: () => string;
}

async function start(store: string): Promise<Maker> {
  const request: MakeRequest = {
    utterances,
    audioHash: 'm',
    kind: 'frames',
    storage: { folder: join(folder, store) },
    quiet: true,
  };
  const file = join(folder, `${store}.json`);
  await writeFile(file, JSON.stringify(request));
  const child = spawn(process.execPath, [entry.compiled('src/features/make.fixture.js'), file]);
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    text += String(chunk);
  });
  return { child, text: () => text };
}

/** The exit code, and how many utterances the process encoded. */
async function ended({ child, text }: Maker): Promise<[number | null, number]> {
  const code = await new Promise<number | null>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.on('close', resolve);
  });
  return [code, Number(/encoded (\d+)/.exec(text())?.[1] ?? Number.NaN)];
}

/** Whether the data file that a note goes with is as the note says. */
async function isAsNoted(note: string): Promise<boolean> {
  const { size, mtimeMs } = await stat(note.replace(/\.verified$/, ''));
  const noted: unknown = JSON.parse(await readFile(note, 'utf8'));
  return JSON.stringify(noted) === JSON.stringify({ size, modified: mtimeMs });
}

/** Digests of a store's files by name; how long it took, and when, is no part of them. */
async function filesOf(store: string): Promise<Record<string, string>> {
  const [name = ''] = await readdir(join(folder, store));
  const files = (await readdir(join(folder, store, name))).sort();
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => {
        const path = join(folder, store, name, file);
        if (file.endsWith('.verified')) return [file, `as noted: ${await isAsNoted(path)}`] as const;
        const bytes = await readFile(path);
        const content = file.endsWith('.json')
          ? bytes.toString('utf8').replace(/"seconds":[^,]*,/, '')
          : bytes;
        return [file, createHash('sha256').update(content).digest('hex')] as const;
      }),
    ),
  );
}

describe('a feature store', () => {
  it('is made by three processes at once, each utterance encoded by one of them', async () => {
    const makers = await Promise.all([1, 2, 3].map(() => start('shared')));
    const ends = await Promise.all(makers.map(ended));
    expect(ends.map(([code]) => code)).toEqual([0, 0, 0]);
    expect(ends.reduce((sum, [, encoded]) => sum + encoded, 0)).toBe(count);
    expect(await filesOf('shared')).toEqual(undisturbed);
  });

  it('made by four processes, three of which are killed, is that of an undisturbed run', async () => {
    const random = randomMoments('moments');
    const makers = await Promise.all([1, 2, 3, 4].map(() => start('killed')));
    const over = Promise.all(makers.map(ended));
    while (!makers.every(({ text }) => text().includes('started'))) {
      if (makers.some(({ child }) => child.exitCode !== null)) break;
      await sleep(2);
    }
    for (const { child } of makers.slice(1)) {
      // While encoding, writing, renaming, waiting, or between two shards.
      await sleep(random.uniform() * 30);
      child.kill('SIGKILL');
    }
    // The last one takes over what the others held.
    const [[code]] = (await over) as [[number, number]];
    expect(code).toBe(0);
    expect(makers.filter(({ child }) => child.signalCode === 'SIGKILL').length).toBeGreaterThan(0);
    // One that was killed when its shard was written and its lock not yet given back has left the lock: nobody needs it.
    const left = Object.entries(await filesOf('killed')).filter(
      ([file]) => !/^\.shard-\d+\.lock\.\d+$/.test(file),
    );
    expect(Object.fromEntries(left)).toEqual(undisturbed);
  });
});
