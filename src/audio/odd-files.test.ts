/** @file Tests of audio as it is found in the field: tags in front, wrong sizes, absurd rates, parts of other rates. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { audioSeconds, readAudio } from './read.js';
import { encodeWav } from './wav.js';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../test/fixtures/audio/${name}`, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-odd-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'x');
  await writeFile(path, bytes);
  return path;
}

const samplesOf = async (bytes: Uint8Array): Promise<Float32Array> => readAudio(await written(bytes));

/** An ID3v2.4 tag of so many bytes behind its head. */
const id3 = (size: number): Buffer => {
  const tag = Buffer.alloc(10 + size, 'T');
  tag.write('ID3\x04\0\0', 'latin1');
  tag.set([size >> 21, (size >> 14) & 127, (size >> 7) & 127, size & 127], 6);
  return tag;
};

describe('an ID3v2 tag in front', () => {
  it.each(['mono-16k-16bit.flac', 'a-law.wav', 'vorbis.ogg', 'opus.opus', 'sphere.sph', 'mp3.mp3'])(
    'is skipped before %s, also twice and longer than a read',
    async (name) => {
      const whole = await readFile(fixture(name));
      const expected = await readAudio(fixture(name));
      expect(await samplesOf(Buffer.concat([id3(20), whole]))).toEqual(expected);
      expect(await samplesOf(Buffer.concat([id3(100_000), id3(300), whole]))).toEqual(expected);
      expect(await audioSeconds(await written(Buffer.concat([id3(20), whole])))).toBe(
        await audioSeconds(fixture(name)),
      );
    },
  );

  it('is named where nothing follows it', async () => {
    await expect(samplesOf(id3(20))).rejects.toThrow('it ends within its ID3 tag');
    await expect(samplesOf(Buffer.concat([id3(20), Buffer.from('FORM\0\0\0\x02AIFF')]))).rejects.toThrow(
      'no audio after its ID3 tag: it is AIFF',
    );
  });
});

describe('WAV sizes', () => {
  const samples = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i / 9) / 2);
  const expected = 1000;
  const sized = (data: number, riff?: number): Buffer => {
    const bytes = Buffer.from(encodeWav(samples, 16000));
    bytes.writeUInt32LE(data, 40);
    if (riff !== undefined) bytes.writeUInt32LE(riff, 4);
    return bytes;
  };

  it('are made good where a recorder was ended before it wrote them, or a header counts itself', async () => {
    const right = 2000;
    for (const bytes of [
      sized(0, 0),
      sized(0),
      sized(right + 8),
      sized(right + 36),
      sized(right + 44, right + 44),
      sized(right * 10),
    ]) {
      expect(await samplesOf(bytes)).toHaveLength(expected);
      expect(await audioSeconds(await written(bytes))).toBe(expected / 16000);
    }
  });

  it('are believed where the file is shorter than every header says, and where there are no samples', async () => {
    const cut = Buffer.from(encodeWav(samples, 16000)).subarray(0, -36);
    await expect(samplesOf(cut)).rejects.toThrow(
      'its header declares 2000 bytes of samples, but it has 1964',
    );
    const list = Buffer.concat([Buffer.from('LIST'), Buffer.from([4, 0, 0, 0]), Buffer.from('INFO')]);
    const empty = Buffer.concat([sized(0).subarray(0, 44), list]);
    await expect(samplesOf(empty)).rejects.toThrow('the audio file has no samples');
  });
});

describe('sample rates', () => {
  const rated = (rate: number): Buffer => {
    const bytes = Buffer.from(encodeWav(new Float32Array(2000).fill(0.1), 16000));
    bytes.writeUInt32LE(rate, 24);
    return bytes;
  };

  it.each([1, 7, 999, 768_001, 2_147_483_647, 4_294_967_295])('of %i Hz are refused', async (rate) => {
    const message = `x: invalid sample rate ${rate} Hz in its header`;
    await expect(samplesOf(rated(rate))).rejects.toThrow(message);
    await expect(audioSeconds(await written(rated(rate)))).rejects.toThrow(message);
    await expect(readAudio(await written(rated(rate)), { durationSeconds: 1 })).rejects.toThrow(message);
  });

  it('are refused in FLAC, SPHERE and Vorbis too', async () => {
    const flac = Buffer.from(await readFile(fixture('mono-16k-16bit.flac')));
    // 20 bits: 17 Hz.
    flac.writeUInt32BE((17 << 12) | (flac.readUInt32BE(18) & 0xfff), 18);
    await expect(samplesOf(flac)).rejects.toThrow('invalid sample rate 17 Hz');
    await expect(audioSeconds(await written(flac))).rejects.toThrow('invalid sample rate 17 Hz');
    const sphere = (await readFile(fixture('sphere.sph'))).toString('latin1');
    const fast = Buffer.from(sphere.replace('sample_rate -i 16000', 'sample_rate -i 9999999'), 'latin1');
    await expect(samplesOf(fast)).rejects.toThrow('invalid sample rate 9999999 Hz');
  });

  it('and numbers of samples that a header promises take no memory before they are there', async () => {
    const flac = Buffer.from(await readFile(fixture('mono-16k-16bit.flac')));
    flac[21] = (flac[21] as number) | 15;
    const before = process.memoryUsage().arrayBuffers;
    await expect(samplesOf(flac)).rejects.toThrow(
      /the FLAC file is truncated or damaged: \d+ of \d{11} samples/,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200e6);
  });

  it.each([1000, 15_999, 16_001, 44_056, 383_999, 767_999])(
    'of %i Hz are read within bounds',
    async (rate) => {
      expect(await samplesOf(rated(rate))).toHaveLength(Math.round((2000 * 16000) / rate));
    },
  );
});

describe('MP3', () => {
  const plain = () => readFile(fixture('speech-16k.mp3'));

  it('is read with zeros, the rest of a frame or a tag in front, garbage between and zeros behind', async () => {
    const whole = await plain();
    // mpg123 1.31 decodes as many.
    const expected = 9216;
    expect(await readAudio(fixture('speech-16k.mp3'))).toHaveLength(expected);
    expect(await samplesOf(Buffer.concat([Buffer.alloc(500), whole]))).toHaveLength(expected);
    expect(await samplesOf(Buffer.concat([whole.subarray(60, 108), whole]))).toHaveLength(expected);
    expect(await samplesOf(Buffer.concat([whole, Buffer.alloc(5000)]))).toHaveLength(expected);
    expect(await samplesOf(Buffer.concat([whole, id3(40), whole]))).toHaveLength(2 * expected);
    // What it cannot be decoded over is an error, never an end.
    const torn = samplesOf(Buffer.concat([whole, Buffer.alloc(300_000), whole]));
    await expect(torn).rejects.toThrow('the MP3 file is truncated or damaged');
    const cut = await samplesOf(whole.subarray(50));
    expect(Math.abs(cut.length - expected)).toBeLessThanOrEqual(2 * 576);
  });

  it('is refused where its rate changes, since a part of it would be too fast', async () => {
    const both = Buffer.concat([await plain(), await readFile(fixture('speech-44k.mp3'))]);
    await expect(samplesOf(both)).rejects.toThrow(
      /x: is several MP3 files joined: the sample rate changes from 16000 to 44100 Hz at 0\.\d\d s\. Convert it/,
    );
  });

  it('of free format, and MPEG audio of another layer, are named', async () => {
    await expect(readAudio(fixture('free-format.mp3'))).rejects.toThrow('MP3 in free format');
    await expect(readAudio(fixture('layer2.mp2'))).rejects.toThrow('MPEG audio layer II');
    await expect(audioSeconds(fixture('free-format.mp3'))).rejects.toThrow('free format');
  });

  it('is decoded without a word on the console, however bad', async () => {
    const spies = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn'), vi.spyOn(console, 'log')];
    const whole = Buffer.from(await plain());
    whole.fill(0x5a, 400, 1100);
    await samplesOf(whole).catch(() => undefined);
    const opus = Buffer.concat([await readFile(fixture('opus.opus'))]);
    await samplesOf(opus.fill(0xff, 600, 700)).catch(() => undefined);
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });
});

it.each([
  ['riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb', 'it is Sony Wave64'],
  ['RF64\xff\xff\xff\xffWAVE', 'it is RF64'],
  ['\xff\xf1\x50\x80\x03\xdf\xfc\xde', 'it is AAC'],
  ['\xff\xfei\0d\0', 'it is text in UTF-16'],
  ['\x00\x05\x16\x07\x00\x02', 'a macOS metadata file'],
  ['\x1a\x45\xdf\xa3\x9f', 'it is Matroska or WebM'],
  ['\x1f\x8b\x08\x00', 'it is gzip data'],
  ['\0\0\0\0\0\0\0\0', 'it starts with zeros only'],
])('%j is named', async (start, nature) => {
  await expect(samplesOf(Buffer.from(start, 'latin1'))).rejects.toThrow(nature);
});

it('says of a pipe that it is one, and does not wait for it', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await expect(readAudio(pipe)).rejects.toThrow(`${pipe}: is a pipe, expected a regular file`);
  await expect(readAudio('/dev/null')).rejects.toThrow('/dev/null: is a device, expected a regular file');
});
