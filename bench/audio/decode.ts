/** @file Hours of FLAC decoded a minute, on worker threads, beside as many processes of `flac -d`. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeWav } from '../../src/audio/index.js';
import { decodePool } from '../../src/data/decoding.js';
import { randomStream } from '../../src/random.js';

const run = promisify(execFile);
const files = 120;
/** LibriSpeech's usual length. */
const secondsEach = 15;
const rateHz = 16000;
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
  const report = (name: string, milliseconds: number): void => {
    console.log(`${name}: ${((hours * 60_000) / milliseconds).toFixed(1)} hours a minute`);
  };

  const pool = decodePool(threads);
  const decode = (path: string) =>
    pool.decode({ id: path, path, split: 'train', columns: {}, line: 1, manifest: 'bench' });
  await Promise.all(paths.slice(0, threads).map(decode));
  const started = performance.now();
  await Promise.all(paths.map(decode));
  report(`ehmam, ${threads} threads`, performance.now() - started);
  await pool.close();

  const decoded = performance.now();
  await Promise.all(
    Array.from({ length: threads }, (_, worker) =>
      run('flac', ['--silent', '-d', '-f', ...paths.filter((_path, i) => i % threads === worker)]),
    ),
  );
  report(`flac -d, ${threads} processes`, performance.now() - decoded);
} finally {
  await rm(folder, { recursive: true, force: true });
}
