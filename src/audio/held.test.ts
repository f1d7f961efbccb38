/** @file Tests of odd WAV and FLAC files that must go on to be read to the very sample, or be refused by name. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAudio } from './read.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-held-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function samplesOf(bytes: Uint8Array, name = 'x.wav'): Promise<Float32Array> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return readAudio(path);
}

const chunk = (name: string, content: Buffer): Buffer => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  return Buffer.concat([Buffer.from(name), size, content, Buffer.alloc(content.length % 2)]);
};

/** The format chunk of one channel at 16 kHz; `valid` bits of an extensible one. */
function format(tag: number, bits: number, change: { valid?: number; byteRate?: number } = {}): Buffer {
  const { valid, byteRate = (16000 * bits) / 8 } = change;
  const bytes = Buffer.alloc(valid === undefined ? 16 : 40);
  bytes.writeUInt16LE(valid === undefined ? tag : 0xfffe, 0);
  bytes.writeUInt16LE(1, 2);
  bytes.writeUInt32LE(16000, 4);
  bytes.writeUInt32LE(byteRate, 8);
  bytes.writeUInt16LE(Math.ceil(bits / 8), 12);
  bytes.writeUInt16LE(bits, 14);
  if (valid !== undefined) {
    bytes.writeUInt16LE(22, 16);
    bytes.writeUInt16LE(valid, 18);
    bytes.writeUInt16LE(tag, 24);
    Buffer.from('000000001000800000aa00389b71', 'hex').copy(bytes, 26);
  }
  return chunk('fmt ', bytes);
}

const riff = (...chunks: readonly Buffer[]): Buffer =>
  chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...chunks]));

const values = [-0.5, 0, 0.25, 0.125, -1];
/** The values as integers of so many bits, at the top of containers of so many bytes. */
function integers(bits: number, width: number): Buffer {
  const bytes = Buffer.alloc(width * values.length);
  for (const [i, value] of values.entries())
    bytes.writeIntLE(value * 2 ** (bits - 1) * 2 ** (8 * width - bits), i * width, width);
  return bytes;
}
const pcm16 = chunk('data', integers(16, 2));

describe('a WAV file is read to the very samples', () => {
  const cases: readonly (readonly [what: string, file: Buffer])[] = [
    [
      'with what broadcasters and editors put before and behind the samples',
      riff(
        chunk('JUNK', Buffer.alloc(28)),
        chunk('bext', Buffer.alloc(602, 'b')),
        format(1, 16),
        chunk('fact', Buffer.alloc(4)),
        chunk('LIST', Buffer.from('INFOISFT\x05\0\0\0Lavf')),
        pcm16,
        chunk('LIST', Buffer.from('INFOIART\x04\0\0\0abc')),
        chunk('id3 ', Buffer.alloc(31)),
      ),
    ],
    ['with junk behind its end', Buffer.concat([riff(format(1, 16), pcm16), Buffer.alloc(777, 'TAG')])],
    ['with a wrong byte rate', riff(format(1, 16, { byteRate: 12345 }), pcm16)],
    ['of 20 bits in 24, extensible', riff(format(1, 24, { valid: 20 }), chunk('data', integers(20, 3)))],
    ['of 24 bits in 32, extensible', riff(format(1, 32, { valid: 24 }), chunk('data', integers(24, 4)))],
  ];
  it.each(cases)('%s', async (_what, file) => {
    expect([...(await samplesOf(file))]).toEqual(values);
  });

  it('of an odd number of bytes, padded or not', async () => {
    const bytes = Buffer.from(values.map((value) => Math.min(255, 128 + value * 128)));
    const padded = riff(format(1, 8), chunk('data', bytes));
    expect([...(await samplesOf(padded))]).toEqual(values);
    expect([...(await samplesOf(padded.subarray(0, -1)))]).toEqual(values);
  });
});

describe('a WAV file is refused by name', () => {
  it.each([
    ['of Microsoft ADPCM', 2, 4, /WAV in Microsoft ADPCM is not supported\. Convert it/],
    ['of IMA ADPCM', 17, 4, /WAV in IMA ADPCM is not supported/],
    ['of MP3', 85, 16, /WAV in MP3/],
    ['of 20 bits that stand alone', 1, 20, /WAV in 20-bit pcm/],
  ])('%s', async (_what, tag, bits, message) => {
    await expect(samplesOf(riff(format(tag, bits), chunk('data', Buffer.alloc(60))))).rejects.toThrow(
      message,
    );
  });

  it('of six bytes, and where nothing follows its header', async () => {
    await expect(samplesOf(Buffer.from('RIFF\x24\0'))).rejects.toThrow('is not a supported audio file');
    const header = riff(format(1, 16), pcm16).subarray(0, 44);
    await expect(samplesOf(header)).rejects.toThrow('its header declares 10 bytes of samples, but it has 0');
  });

  it('that is something else: MP4, Sun audio, FLAC in Ogg', async () => {
    await expect(samplesOf(Buffer.from('\0\0\0\x1cftypM4A \0\0\0\0'))).rejects.toThrow('it is MP4');
    await expect(samplesOf(Buffer.from('.snd\0\0\0\x18\0\0\0\0'))).rejects.toThrow('it is Sun audio');
    const page = Buffer.alloc(28 + 9);
    page.write('OggS\0\x02', 'latin1');
    page.writeUInt8(1, 26);
    page.writeUInt8(9, 27);
    page.write('\x7fFLAC\x01\0\0\x01', 28, 'latin1');
    await expect(samplesOf(page, 'x.ogg')).rejects.toThrow(/Ogg/);
  });
});

describe('a FLAC file is read to the very samples', () => {
  const plain = (): Promise<Buffer> => readFile('test/fixtures/audio/mono-16k-16bit.flac');

  it('with an ID3v1 tag or other data behind it', async () => {
    const whole = await plain();
    const expected = await samplesOf(whole, 'x.flac');
    for (const more of [Buffer.from('TAG'.padEnd(128, ' ')), Buffer.alloc(5000), Buffer.from('fLaC')])
      expect(await samplesOf(Buffer.concat([whole, more]), 'x.flac')).toEqual(expected);
  });

  it('with a picture among its metadata', async () => {
    const whole = await plain();
    const size = 4 + 4 + 34;
    const picture = Buffer.alloc(4 + 100_000);
    // Block 6, not the last one; its length in 24 bits.
    picture.writeUInt32BE((6 << 24) | 100_000, 0);
    const changed = Buffer.concat([whole.subarray(0, size), picture, whole.subarray(size)]);
    expect(await samplesOf(changed, 'x.flac')).toEqual(await samplesOf(whole, 'x.flac'));
  });
});
