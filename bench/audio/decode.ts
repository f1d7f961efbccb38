/** @file Hours of FLAC decoded a minute, on worker threads, beside as many processes of `flac -d`; they take turns. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeWav } from '../../src/audio/index.js';
import { randomStream } from '../../src/base/random.js';
import { decodePool } from '../../src/data/decoding.js';

const run = promisify(execFile);
const files = 120;
/** LibriSpeech's usual length. */
const secondsEach = 15;
const rateHz = 16000;
const rounds = 7;
const threads = availableParallelism();

const folder = await mkdtemp(join(tmpdir(), 'ehmam-bench-audio-'));
try {
  const paths: string[] = [];
  for (let i = 0; i < files; i++) {
    const random = randomStream(i, 'bench audio');
    // Noise whose level changes, as speech's does: about half the size of its WAV.
    const samples = Float32Array.from(
      { length: secondsEach * rateHz },
      (_, n) => 0.05 * random.normal() * Math.sin(n / 3000) ** 2 + 0.1 * Math.sin(n / 20),
    );
    await writeWav(join(folder, `${i}.wav`), samples, rateHz);
    paths.push(join(folder, `${i}.flac`));
  }
  await run('flac', ['--silent', ...paths.map((path) => path.replace(/flac$/, 'wav'))]);
  const hours = (files * secondsEach) / 3600;
  const pool = decodePool(threads);
  const decode = (path: string) =>
    pool.run({ id: path, path, split: 'train', columns: {}, line: 1, manifest: 'bench' });
  const ways: Readonly<Record<string, () => Promise<number>>> = {
    [`ehmam, ${threads} threads`]: async () => {
      const before = process.cpuUsage();
      await Promise.all(paths.map(decode));
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1e6;
    },
    [`flac -d, ${threads} processes`]: async () => {
      const shares = Array.from({ length: threads }, (_, worker) =>
        paths.filter((_path, i) => i % threads === worker),
      );
      const seconds = await Promise.all(shares.map(flacSeconds));
      return seconds.reduce((sum, each) => sum + each, 0);
    },
  };
  const fastest = new Map<string, { readonly milliseconds: number; readonly cpuSeconds: number }>();
  // The first round warms up.
  for (let round = -1; round < rounds; round++) {
    for (const [name, work] of Object.entries(ways)) {
      const started = performance.now();
      const cpu = await work();
      const wall = performance.now() - started;
      if (round < 0) continue;
      const { milliseconds, cpuSeconds } = fastest.get(name) ?? { milliseconds: wall, cpuSeconds: cpu };
      fastest.set(name, {
        milliseconds: Math.min(wall, milliseconds),
        cpuSeconds: Math.min(cpu, cpuSeconds),
      });
    }
  }
  await pool.close();
  console.log(`the best of ${rounds} rounds each`);
  for (const [name, { milliseconds, cpuSeconds }] of fastest) {
    const pace = ((hours * 60_000) / milliseconds).toFixed(1);
    console.log(
      `${name}: ${pace} hours a minute, ${(cpuSeconds / hours).toFixed(2)} processor seconds an hour`,
    );
  }
  const [ours, theirs] = fastest.values();
  if (ours && theirs) {
    const speed = theirs.milliseconds / ours.milliseconds;
    const work = theirs.cpuSeconds / ours.cpuSeconds;
    console.log(`${speed.toFixed(2)} of the speed of flac -d; by processor time ${work.toFixed(2)}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Decodes files in one process; its processor time, which a busy machine changes less than the time that passes. */
async function flacSeconds(files: readonly string[]): Promise<number> {
  const { stderr } = await run('bash', [
    '-c',
    'TIMEFORMAT="%U %S"; time flac --silent -d -f "$@"',
    'bash',
    ...files,
  ]);
  const [user = 0, system = 0] = stderr.trim().split(/\s+/).map(Number);
  return user + system;
}
