/** @file Tests of reading audio: formats, spans, rates, and files that are not what they should be. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../base/errors.js';
import { readAudio } from './read.js';
import { encodeWav, writeWav } from './wav.js';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-audio-'));
  path = join(folder, 'x');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../test/fixtures/audio/${name}`, import.meta.url));

/** The rule of test/fixtures/audio/README.md, as 16-bit integers. */
const ruled = (i: number, channel = 0): number => ((i * 7919 + channel * 104729) % 20011) - 10005;

interface Layout {
  readonly tag: number;
  readonly bits: number;
  readonly channels: number;
  readonly rate?: number;
  readonly extensible?: boolean;
  /** Bytes of other chunks before the samples. */
  readonly before?: Buffer;
  /** What the data chunk says its size is. */
  readonly stated?: number;
}

/** A WAV file laid out by hand from its specification. */
function wavFile(layout: Layout, data: Buffer): Buffer {
  const { tag, bits, channels, rate = 16000, extensible = false, before = Buffer.alloc(0) } = layout;
  const format = Buffer.alloc(extensible ? 40 : 16);
  format.writeUInt16LE(extensible ? 0xfffe : tag, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt32LE((rate * channels * bits) / 8, 8);
  format.writeUInt16LE((channels * bits) / 8, 12);
  format.writeUInt16LE(bits, 14);
  if (extensible) {
    format.writeUInt16LE(22, 16);
    format.writeUInt16LE(bits, 18);
    format.writeUInt16LE(tag, 24);
    Buffer.from('000000001000800000aa00389b71', 'hex').copy(format, 26);
  }
  const size = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const body = [Buffer.from('WAVEfmt '), size(format.length), format, before, Buffer.from('data')];
  const chunks = Buffer.concat([...body, size(layout.stated ?? data.length), data]);
  return Buffer.concat([Buffer.from('RIFF'), size(chunks.length), chunks]);
}

/** Bytes of values written one by one. */
function bytesOf(
  width: number,
  values: readonly number[],
  write: (b: Buffer, v: number, at: number) => void,
): Buffer {
  const bytes = Buffer.alloc(width * values.length);
  values.forEach((value, i) => {
    write(bytes, value, width * i);
  });
  return bytes;
}

async function readBytes(bytes: Uint8Array | string, span = {}): Promise<number[]> {
  await writeFile(path, bytes);
  return [...(await readAudio(path, span))];
}

async function messageFor(bytes: Uint8Array | string, span = {}): Promise<string> {
  const error = await readBytes(bytes, span).then(
    () => 'no error',
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message.replace(path, 'x');
}

describe('readAudio, WAV', () => {
  const i8 = bytesOf(1, [0, 128, 192, 255], (b, v, at) => b.writeUInt8(v, at));
  const i16 = bytesOf(2, [-32768, 0, 16384, 32767], (b, v, at) => b.writeInt16LE(v, at));
  const i24 = bytesOf(3, [-8388608, 0, 4194304, 8388607], (b, v, at) => b.writeIntLE(v, at, 3));
  const i32 = bytesOf(4, [-2147483648, 0, 1073741824, 2147483647], (b, v, at) => b.writeInt32LE(v, at));
  const f32 = bytesOf(4, [-1, 0, 0.5, 1], (b, v, at) => b.writeFloatLE(v, at));
  const f64 = bytesOf(8, [-1, 0, 0.5, 1], (b, v, at) => b.writeDoubleLE(v, at));

  it.each([
    ['8-bit PCM', { tag: 1, bits: 8 }, i8, 127 / 128],
    ['16-bit PCM', { tag: 1, bits: 16 }, i16, 32767 / 32768],
    ['24-bit PCM', { tag: 1, bits: 24 }, i24, 8388607 / 8388608],
    ['32-bit PCM', { tag: 1, bits: 32 }, i32, 1],
    ['32-bit floats', { tag: 3, bits: 32 }, f32, 1],
    ['64-bit floats', { tag: 3, bits: 64 }, f64, 1],
  ] as const)('reads %s, plain and extensible, one channel and several', async (_name, layout, data, top) => {
    for (const extensible of [false, true]) {
      expect(await readBytes(wavFile({ ...layout, channels: 1, extensible }, data))).toEqual([
        -1,
        0,
        0.5,
        top,
      ]);
      const averaged = await readBytes(wavFile({ ...layout, channels: 2, extensible }, data));
      expect(averaged).toEqual([-0.5, Math.fround((0.5 + top) / 2)]);
    }
  });

  it('passes chunks of odd and of large size before the samples', async () => {
    const odd = Buffer.concat([Buffer.from('LIST'), Buffer.from([3, 0, 0, 0]), Buffer.from('abc\0')]);
    const large = Buffer.concat([Buffer.from('JUNK'), Buffer.from([0, 0, 2, 0]), Buffer.alloc(0x20000)]);
    const before = Buffer.concat([odd, large]);
    expect(await readBytes(wavFile({ tag: 1, bits: 16, channels: 1, before }, i16))).toEqual([
      -1,
      0,
      0.5,
      32767 / 32768,
    ]);
  });

  it.each([0xffffffff, 0x7ffff000])('reads to the end when a pipe left the size at %i', async (stated) => {
    expect(await readBytes(wavFile({ tag: 1, bits: 16, channels: 1, stated }, i16))).toHaveLength(4);
  });

  it('gives back what writeWav wrote, clipped to 16 bits', async () => {
    const samples = Float32Array.from({ length: 5000 }, (_, i) => ruled(i) / 32768);
    await writeWav(path, samples, 16000);
    expect(await readAudio(path)).toEqual(samples);
    expect(await readBytes(encodeWav(Float32Array.of(-1.5, 1.5), 16000))).toEqual([-1, 32767 / 32768]);
  });

  it('reads a span of a long file', async () => {
    const samples = Float32Array.from({ length: 160_000 }, (_, i) => ruled(i) / 32768);
    await writeWav(path, samples, 16000);
    expect(await readAudio(path, { startSeconds: 7.5, durationSeconds: 0.25 })).toEqual(
      samples.slice(120_000, 124_000),
    );
    expect(await readAudio(path, { startSeconds: 9.9 })).toEqual(samples.slice(158_400));
    // An end that was rounded up to 10 ms.
    expect(await readAudio(path, { startSeconds: 9.5, durationSeconds: 0.51 })).toEqual(
      samples.slice(152_000),
    );
  });

  it('says that a span does not lie in the file', async () => {
    const second = encodeWav(new Float32Array(16000), 16000);
    expect(await messageFor(second, { startSeconds: 1 })).toContain(
      'x: start (1 s) is beyond the end of the file (1.000 s)',
    );
    expect(await messageFor(second, { startSeconds: 0.5, durationSeconds: 1 })).toContain(
      'end (1.5 s) is beyond the end of the file (1.000 s)',
    );
    expect(await messageFor(second, { durationSeconds: 1e-6 })).toContain('is shorter than one sample');
  });

  it('says that samples are missing, not finite or absent', async () => {
    const whole = wavFile({ tag: 1, bits: 16, channels: 1 }, i16);
    expect(await messageFor(whole.subarray(0, -2))).toContain(
      'its header declares 8 bytes of samples, but it has 6',
    );
    expect(await messageFor(whole.subarray(0, 40))).toContain('it ends before its samples');
    expect(await messageFor(whole.subarray(0, 14))).toContain('it ends before its samples');
    expect(await messageFor(wavFile({ tag: 1, bits: 16, channels: 1 }, Buffer.alloc(0)))).toContain(
      'the audio file has no samples',
    );
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const data = bytesOf(4, [0, bad], (b, v, at) => b.writeFloatLE(v, at));
      expect(await messageFor(wavFile({ tag: 3, bits: 32, channels: 1 }, data))).toContain(
        'contains NaN or infinite samples',
      );
    }
  });

  it('names an encoding that it does not read, and a header that cannot be', async () => {
    const message = await messageFor(wavFile({ tag: 49, bits: 8, channels: 1 }, i8));
    expect(message).toContain('x: WAV in GSM 6.10 is not supported. Convert it to 16-bit PCM');
    expect(await messageFor(wavFile({ tag: 1, bits: 12, channels: 2 }, i16))).toContain(
      'WAV in 12-bit pcm is not supported',
    );
    expect(await messageFor(wavFile({ tag: 1, bits: 16, channels: 0 }, i16))).toContain(
      'invalid header: 0 channels',
    );
  });
});

describe('readAudio, FLAC', () => {
  const expected = Float32Array.from({ length: 4000 }, (_, i) => ruled(i) / 32768);

  it('gives the exact samples, also from a stream of unknown length and for a span', async () => {
    expect(await readAudio(fixture('mono-16k-16bit.flac'))).toEqual(expected);
    expect(await readAudio(fixture('streamed.flac'))).toEqual(expected);
    const span = { startSeconds: 0.1, durationSeconds: 0.05 };
    expect(await readAudio(fixture('mono-16k-16bit.flac'), span)).toEqual(expected.slice(1600, 2400));
  });

  it('gives what the WAV file of the same samples gives: two channels of 24 bits at 48 kHz', async () => {
    const flac = await readAudio(fixture('stereo-48k-24bit.flac'));
    expect(flac).toHaveLength(1000);
    expect(flac).toEqual(await readAudio(fixture('stereo-48k-24bit.wav')));
  });

  it('decodes many at once', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => readAudio(fixture('mono-16k-16bit.flac'))));
    expect(
      all.every((samples) => Buffer.compare(Buffer.from(samples.buffer), Buffer.from(expected.buffer)) === 0),
    ).toBe(true);
  });

  it('says that a file is truncated or damaged', async () => {
    const whole = await readFile(fixture('mono-16k-16bit.flac'));
    expect(await messageFor(whole.subarray(0, -500))).toContain('x: the FLAC file is truncated or damaged');
    expect(await messageFor(whole.subarray(0, 30))).toContain('x: the FLAC file is truncated or damaged');
    const damaged = Buffer.from(whole);
    damaged.fill(0x55, 2000, 2100);
    expect(await messageFor(damaged)).toContain('x: the FLAC file is truncated or damaged');
    // One bit of one frame.
    const flipped = Buffer.from(whole);
    flipped[whole.length - 50] = (flipped[whole.length - 50] as number) ^ 4;
    expect(await messageFor(flipped)).toContain('x: the FLAC file is truncated or damaged');
    const lying = Buffer.from(whole);
    lying.writeUInt32BE(9000, 22);
    expect(await messageFor(lying)).toContain('4000 of 9000 samples could be decoded');
  });
});

describe('readAudio, other files', () => {
  it.each([
    ['', 'x: the audio file is empty'],
    [
      'id,path,split\nu1,a.wav,train\n',
      'x: is not a supported audio file: it is text ("id,path,split u1,a.wav,t")',
    ],
    ['FORM\0\0\0\x02AIFF', 'x: is not a supported audio file: it is AIFF. Convert it'],
    ['version https://git-lfs.github.com/spec/v1\n', 'it is a Git LFS pointer'],
    ['RIFF\x04\0\0\0AVI LIST', 'x: is not a supported audio file'],
  ])('says what is wrong with %j', async (content, message) => {
    expect(await messageFor(content)).toContain(message);
  });

  it('names a file that is missing, and a folder', async () => {
    await expect(readAudio(join(folder, 'none.wav'))).rejects.toThrow(
      `${join(folder, 'none.wav')}: the audio file cannot`,
    );
    await expect(readAudio(folder)).rejects.toThrow(`${folder}: the audio file cannot be read`);
  });
});
