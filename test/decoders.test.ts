/**
 * @file Decoding against the programs that people trust: flac, sox, opusdec. Skipped where they are not installed,
 * unless EHMAM_AUDIO_TOOLS=required (.ci/run installs them).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readFlac } from '../src/audio/flac.js';
import { readMp3 } from '../src/audio/mp3.js';
import { readOgg } from '../src/audio/ogg.js';
import { type ByteSource, withByteSource } from '../src/audio/source.js';
import { readSphere } from '../src/audio/sphere.js';
import { readWav } from '../src/audio/wav.js';
import { randomStream } from '../src/base/random.js';
import { describeWith } from './audio-tools.fixture.js';

const withTools = describeWith('sox', 'flac', 'opusenc', 'opusdec');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ehmam-decoders-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const call = (tool: string, words: readonly string[], input?: Uint8Array): Buffer =>
  execFileSync(tool, words, { maxBuffer: 1 << 28, stdio: 'pipe', ...(input && { input }) });
/** Without dither: the same samples at every call. */
const sox = (...words: readonly string[]): Buffer => call('sox', ['-D', '-R', '-V1', ...words]);

/** A sweep on one channel, pink noise on the other, fading out. */
function makeWav(rate: number): string {
  const path = at(`${rate}.wav`);
  const synth = ['synth', '0.6', 'sine', '90-6500', 'pinknoise'];
  sox('-n', '-r', `${rate}`, '-b', '24', '-c', '2', path, ...synth, 'vol', '0.7', 'fade', '0', '0.6', '0.4');
  return path;
}

/** What sox makes of a file: 32-bit integers, channels one after the other in each frame. */
function soxSamples(path: string): Int32Array {
  const bytes = sox(path, '-t', 'raw', '-L', '-e', 'signed', '-b', '32', '-');
  return new Int32Array(Uint8Array.from(bytes).buffer);
}

/**
 * The largest difference on either channel, in steps of so many bits.
 * @param framesLeftOut by the other decoder, at the end
 */
async function largestSteps(
  path: string,
  read: typeof readWav,
  reference: Int32Array,
  bits: number,
  framesLeftOut = 0,
): Promise<number> {
  let largest = 0;
  for (const channel of [0, 1]) {
    const { samples } = await withByteSource(path, (source) => read(source, { channel: channel + 1 }));
    const frames = reference.length / 2;
    expect(samples).toHaveLength(frames + framesLeftOut);
    for (let i = 0; i < frames; i++) {
      const expected = (reference[i * 2 + channel] as number) / 2 ** 31;
      largest = Math.max(largest, Math.abs((samples[i] as number) - expected) * 2 ** (bits - 1));
    }
  }
  return largest;
}

withTools('WAV and SPHERE, beside sox', () => {
  it.each([
    ['8 bits', 'x.wav', ['-e', 'unsigned', '-b', '8'], 8, 1],
    ['16 bits', 'x.wav', ['-b', '16'], 16, 1],
    ['24 bits, extensible', 'x.wav', ['-b', '24'], 24, 0xfffe],
    ['24 bits, plain', 'x.wavpcm', ['-t', 'wavpcm', '-b', '24'], 24, 1],
    ['32 bits, extensible', 'x.wav', ['-b', '32'], 24, 0xfffe],
    ['32-bit floats', 'x.wav', ['-e', 'float', '-b', '32'], 24, 3],
    ['64-bit floats', 'x.wav', ['-e', 'float', '-b', '64'], 24, 3],
    ['A-law', 'x.wav', ['-e', 'a-law'], 16, 6],
    ['mu-law', 'x.wav', ['-e', 'mu-law'], 16, 7],
  ] as const)('%s: not one step apart', async (_name, file, format, bits, tag) => {
    const path = at(file);
    sox(makeWav(16000), ...format, path);
    expect(readFileSync(path).readUInt16LE(20)).toBe(tag);
    const reference = file === 'x.wavpcm' ? soxSamples(`|sox -t wav ${path} -t sox -`) : soxSamples(path);
    expect(await largestSteps(path, readWav, reference, bits)).toBeLessThan(1);
  });

  it.each([
    ['16 bits, big-endian', ['-b', '16', '-B'], 16],
    ['24 bits', ['-b', '24'], 24],
    ['32 bits', ['-b', '32'], 24],
    ['mu-law', ['-e', 'mu-law'], 16],
  ] as const)('SPHERE of %s: not one step apart', async (_name, format, bits) => {
    const path = at('x.sph');
    sox(makeWav(16000), ...format, path);
    expect(await largestSteps(path, readSphere, soxSamples(path), bits)).toBeLessThan(1);
  });
});

withTools('lossy formats, beside other decoders', () => {
  // libmad, in sox, computes in 28-bit fixed point and leaves the last frame out. sox writes no tag with the encoder's
  // delay, so both leave it in; the fixture of src/audio/formats.test.ts has such a tag.
  it.each(['128', '48'])('MP3 at %s kbit/s: within one step of 16 bits of libmad', async (rate) => {
    sox(makeWav(32000), '-C', rate, at('x.mp3'));
    const reference = soxSamples(at('x.mp3'));
    expect(await largestSteps(at('x.mp3'), readMp3, reference, 16, 1152)).toBeLessThan(1);
  });

  it('Vorbis: within one step of 16 bits of libvorbis', async () => {
    sox(makeWav(44100), '-C', '5', at('x.ogg'));
    expect(await largestSteps(at('x.ogg'), readOgg, soxSamples(at('x.ogg')), 16)).toBeLessThan(1);
  });

  it.each(['24', '96'])(
    'Opus at %s kbit/s: within 4 steps of 16 bits of another version of libopus',
    async (rate) => {
      call('opusenc', ['--quiet', '--bitrate', rate, makeWav(48000), at('x.opus')]);
      call('opusdec', ['--quiet', '--float', '--rate', '48000', at('x.opus'), at('opus.wav')]);
      expect(await largestSteps(at('x.opus'), readOgg, soxSamples(at('opus.wav')), 16)).toBeLessThan(4);
    },
  );
});

interface FlacCase {
  readonly bits: number;
  readonly channels: number;
  readonly frames: number;
  readonly options: readonly string[];
}

const random = randomStream(1, 'flac cases');
const oneOf = <T>(...choices: readonly T[]): T => choices[random.integer(choices.length)] as T;
const cases = Array.from({ length: 60 }, (): FlacCase => {
  const block = oneOf([], ['-b', '192'], ['-b', '4096'], ['--lax', '-b', '33'], ['--lax', '-b', '65535']);
  const model = oneOf(
    ['-0'],
    ['-2'],
    ['-5'],
    ['-8'],
    ['-8', '-e', '-p'],
    ['--lax', '-l', '32', '-r', '15'],
    ['-l', '9', '-q', '15', '-m'],
    ['-l', '0', '-r', '0'],
  );
  return {
    bits: oneOf(8, 16, 24),
    channels: oneOf(1, 2, 2, 3, 8),
    frames: oneOf(1, 15, 4095, 4096, 4097, 20_000 + random.integer(9000)),
    options: [...model, ...block],
  };
});

/** Pieces that call for every kind of subframe: silence, a constant, tones, noise, steps, few of the bits used. */
function flacSignal({ bits, channels, frames }: FlacCase): Int32Array {
  const top = 2 ** (bits - 1) - 1;
  const values = new Int32Array(frames * channels);
  const kinds = [
    () => 0,
    () => 77,
    (i: number) => Math.round(top * 0.9 * Math.sin(i / 9)),
    () => Math.round(top * (2 * random.uniform() - 1)),
    (i: number) => (i % 50 < 25 ? top : -top - 1),
    (i: number) => 8 * Math.round((top / 16) * Math.sin(i / 30) * random.uniform()),
    (i: number) => Math.round(top * 0.01 * random.normal() + top * 0.4 * Math.sin(i / 200)),
  ];
  let kind = oneOf(...kinds);
  for (let i = 0; i < frames; i++) {
    if (i % 1500 === 0) kind = oneOf(...kinds);
    const first = kind(i);
    for (let c = 0; c < channels; c++) {
      const value = c === 1 ? first - Math.round(random.normal()) : first + c;
      values[i * channels + c] = Math.max(-top - 1, Math.min(top, value));
    }
  }
  return values;
}

const rawFormat = ['--force-raw-format', '--endian=little', '--sign=signed'];

function encodeFlac(path: string, { bits, channels, options }: FlacCase, values: Int32Array): void {
  const width = Math.ceil(bits / 8);
  const raw = Buffer.alloc(values.length * width);
  values.forEach((value, i) => {
    raw.writeIntLE(value, i * width, width);
  });
  writeFileSync(at('raw'), raw);
  const shape = [`--channels=${channels}`, `--bps=${bits}`, '--sample-rate=16000'];
  call('flac', ['--silent', '--force', ...rawFormat, ...shape, ...options, '-o', path, at('raw')]);
}

withTools('FLAC, beside flac', () => {
  it('gives the very samples of flac -d, for every way of coding them', async () => {
    for (const each of cases) {
      const values = flacSignal(each);
      const path = at('x.flac');
      encodeFlac(path, each, values);
      const width = Math.ceil(each.bits / 8);
      const raw = call('flac', ['--silent', '-d', '-c', ...rawFormat, path]);
      for (let c = 0; c < each.channels; c++) {
        const { samples } = await withByteSource(path, (source) => readFlac(source, { channel: c + 1 }));
        const expected = Float32Array.from(
          { length: each.frames },
          (_, i) => raw.readIntLE((i * each.channels + c) * width, width) / 2 ** (each.bits - 1),
        );
        expect(
          Buffer.compare(Buffer.from(samples.buffer), Buffer.from(expected.buffer)),
          JSON.stringify(each),
        ).toBe(0);
      }
    }
  });

  it('says that 32 bits are too many', async () => {
    const whole = { bits: 32, channels: 1, frames: 100, options: [] };
    encodeFlac(at('x.flac'), whole, flacSignal(whole));
    const read = withByteSource(at('x.flac'), (source) => readFlac(source, {}));
    await expect(read).rejects.toThrow('x.flac: FLAC with 32 bits per sample is not supported');
  });

  it('reads spans of a long file as if it were cut, and only their part of it', async () => {
    const long = { bits: 16, channels: 1, frames: 16000 * 300, options: ['-1'] };
    const values = Int32Array.from({ length: long.frames }, () =>
      Math.round(3000 * (random.uniform() - 0.5)),
    );
    const path = at('long.flac');
    encodeFlac(path, long, values);
    let bytesRead = 0;
    const counted = (source: ByteSource): ByteSource => ({
      ...source,
      read: async (offset, length) => {
        const bytes = await source.read(offset, length);
        bytesRead += bytes.length;
        return bytes;
      },
    });
    for (const startSeconds of [0, 0.1, 17.3, 255.25, 256, 298.9]) {
      bytesRead = 0;
      const span = { startSeconds, durationSeconds: 1.1 };
      const { samples } = await withByteSource(path, (source) => readFlac(counted(source), span));
      const first = Math.round(startSeconds * 16000);
      const expected = Float32Array.from(values.subarray(first, first + 17600), (value) => value / 32768);
      expect(Buffer.compare(Buffer.from(samples.buffer), Buffer.from(expected.buffer))).toBe(0);
      expect(bytesRead).toBeLessThan(1.5e6);
    }
  });
});
