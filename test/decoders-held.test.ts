/**
 * @file MP3, Opus and changes of rate against lame, mpg123, opusdec and sox. Skipped where they are not installed, unless
 * EHMAM_AUDIO_TOOLS=required (.ci/run installs them).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readMp3 } from '../src/audio/mp3.js';
import { readOgg } from '../src/audio/ogg.js';
import { readAudio } from '../src/audio/read.js';
import { withByteSource } from '../src/audio/source.js';
import { readWav } from '../src/audio/wav.js';
import { describeWith } from './audio-tools.fixture.js';

const withTools = describeWith('sox', 'lame', 'mpg123', 'opusenc', 'opusdec');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ehmam-decoders-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const call = (tool: string, ...words: readonly string[]): Buffer =>
  execFileSync(tool, words, { maxBuffer: 1 << 28, stdio: 'pipe' });

/** Without dither: the same samples at every call. */
function sweep(rate: number, channels = 1, seconds = 0.7): string {
  const path = at(`${rate}-${channels}-${seconds}.wav`);
  const words = ['-n', '-r', `${rate}`, '-b', '16', '-c', `${channels}`, path];
  call('sox', '-D', '-R', '-V1', ...words, 'synth', `${seconds}`, 'sine', '90-3400', 'vol', '0.6');
  return path;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

/** What mpg123 makes of a file, gapless as ours. */
async function mpg123(path: string): Promise<Float32Array> {
  call('mpg123', '-q', '--encoding', 'f32', '-w', at('reference.wav'), path);
  return (await withByteSource(at('reference.wav'), (source) => readWav(source, {}))).samples;
}

const ours = async (path: string): Promise<Float32Array> =>
  (await withByteSource(path, (source) => readMp3(source, {}))).samples;

withTools('MP3 is what mpg123 makes of it, to a tenth of a step of 16 bits', () => {
  it.each([
    ['a constant rate', 16000, ['-b', '32']],
    ['a variable rate', 16000, ['-V', '4']],
    ['an average rate', 22050, ['--abr', '56']],
    ['no tag of the encoder', 44100, ['-b', '64', '-t']],
    ['8 kHz, MPEG 2.5', 8000, ['-b', '16']],
    ['48 kHz', 48000, ['-b', '96', '-m', 'm']],
    ['a tag at each end', 16000, ['-b', '32', '--add-id3v2', '--tt', 'title', '--ta', 'artist']],
  ] as const)('of %s', async (_what, rate, options) => {
    call('lame', '--quiet', ...options, sweep(rate), at('x.mp3'));
    expect(largestDifference(await ours(at('x.mp3')), await mpg123(at('x.mp3')))).toBeLessThan(3e-6);
  });

  it('with an album picture, two tags in front, an APE tag behind, and joined to one of its rate', async () => {
    call('lame', '--quiet', '-b', '32', '-t', sweep(16000), at('plain.mp3'));
    const plain = readFileSync(at('plain.mp3'));
    const expected = await ours(at('plain.mp3'));
    const id3 = (size: number): Buffer => {
      const tag = Buffer.alloc(10 + size, 'P');
      tag.write('ID3\x03\0\0', 'latin1');
      tag.set([size >> 21, (size >> 14) & 127, (size >> 7) & 127, size & 127], 6);
      return tag;
    };
    const ape = Buffer.alloc(32);
    ape.write('APETAGEX', 'latin1');
    ape.writeUInt32LE(2000, 8);
    ape.writeUInt32LE(32, 12);
    for (const bytes of [
      Buffer.concat([id3(200_000), plain]),
      Buffer.concat([id3(500), id3(90), plain]),
      Buffer.concat([plain, ape]),
    ]) {
      writeFileSync(at('tagged.mp3'), bytes);
      expect(await ours(at('tagged.mp3'))).toEqual(expected);
    }
    writeFileSync(at('joined.mp3'), Buffer.concat([plain, plain]));
    const joined = await ours(at('joined.mp3'));
    expect(joined).toHaveLength(2 * expected.length);
    expect(largestDifference(joined, await mpg123(at('joined.mp3')))).toBeLessThan(3e-6);
  });
});

withTools('Opus is what another version of libopus makes of it, to 4 steps of 16 bits', () => {
  const decoded = async (path: string) => {
    call('opusdec', '--quiet', '--float', '--rate', '48000', path, at('opus.wav'));
    const [own, theirs] = await Promise.all([
      withByteSource(path, (source) => readOgg(source, {})),
      withByteSource(at('opus.wav'), (source) => readWav(source, {})),
    ]);
    return largestDifference(own.samples, theirs.samples);
  };

  it('of six channels, their mean', async () => {
    call('opusenc', '--quiet', '--bitrate', '192', sweep(48000, 6, 0.3), at('six.opus'));
    expect(await decoded(at('six.opus'))).toBeLessThan(4 / 32768);
  });

  it('with large tags, and half a second in one page', async () => {
    const tags = ['--comment', `NOTE=${'n'.repeat(90_000)}`];
    call(
      'opusenc',
      '--quiet',
      '--bitrate',
      '24',
      '--max-delay',
      '1000',
      ...tags,
      sweep(48000, 1, 0.5),
      at('x.opus'),
    );
    expect(await decoded(at('x.opus'))).toBeLessThan(4 / 32768);
  });
});

withTools('a change of rate is that of sox rate -v', () => {
  it.each([8000, 11025, 22050, 44100, 48000, 96000, 192000])('from %i Hz, within 2e-3', async (rate) => {
    const path = sweep(rate);
    call('sox', '-D', '-R', '-V1', path, '-e', 'float', '-b', '32', at('rated.wav'), 'rate', '-v', '16000');
    const [own, theirs] = [await readAudio(path), await readAudio(at('rated.wav'))];
    expect(Math.abs(own.length - theirs.length)).toBeLessThanOrEqual(1);
    // Away from the ends, where each filter meets silence in its own way.
    const shared = Math.min(own.length, theirs.length) - 400;
    expect(largestDifference(own.subarray(400, shared), theirs.subarray(400, shared))).toBeLessThan(2e-3);
  });
});
