/**
 * @file Gain and removal of silence against SoX itself, on 50 files, sample by sample. Skipped where it is not installed,
 * unless EHMAM_AUDIO_TOOLS=required (.ci/run installs it).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { amplified, readAudio, withoutSilence, writeWav } from '../src/audio/index.js';
import { randomStream } from '../src/base/random.js';

const isInstalled = (process.env.PATH ?? '').split(delimiter).some((path) => existsSync(join(path, 'sox')));

test.runIf(process.env.EHMAM_AUDIO_TOOLS === 'required')('SoX is installed', () => {
  expect(isInstalled).toBe(true);
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ehmam-effects-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bursts of noise and tones, 5 ms to 0.8 s each, of levels around the threshold and far above it, between pauses. */
function burstsAndPauses(file: number): Float32Array {
  const random = randomStream(file, 'bursts and pauses');
  const parts: number[] = [];
  while (parts.length < 32000) {
    const length = Math.floor(80 * 160 ** random.uniform());
    const level = [0, 0.0002, 0.0012, 0.0018, 0.02, 0.5][random.integer(6)] as number;
    const pitch = 0.01 + random.uniform();
    const isTone = random.uniform() < 0.5;
    for (let i = 0; i < length; i++)
      parts.push(level * (isTone ? Math.sin(pitch * i) : 2 * random.uniform() - 1));
  }
  return Float32Array.from(parts);
}

/** What the effects of s3prl's recipe leave of a file, as 32-bit floats. */
function soxEffects(path: string): Float32Array {
  const words = ['-D', '-R', '-V1', path, '-t', 'raw', '-L', '-e', 'floating-point', '-b', '32', '-'];
  const effects = ['gain', '-3.0', 'silence', '1', '0.1', '0.1%', '-1', '0.1', '0.1%'];
  const bytes = execFileSync('sox', [...words, ...effects], { maxBuffer: 1 << 28, stdio: 'pipe' });
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

test.skipIf(!isInstalled)('50 files keep the very samples that SoX keeps', async () => {
  let [given, left] = [0, 0];
  for (let file = 0; file < 50; file++) {
    const path = join(folder, `${file}.wav`);
    await writeWav(path, burstsAndPauses(file), 16000);
    const samples = await readAudio(path);
    const own = withoutSilence(amplified(samples, -3));
    const wanted = soxEffects(path);
    expect(own.length, `file ${file}`).toBe(wanted.length);
    // SoX rounds to integers of 32 bits after the gain.
    expect(
      own.reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted[i] ?? 0))), 0),
    ).toBeLessThan(2 ** -24);
    given += samples.length;
    left += own.length;
  }
  // Neither nothing nor all is silence in them.
  expect(left / given).toBeGreaterThan(0.2);
  expect(left / given).toBeLessThan(0.9);
});
