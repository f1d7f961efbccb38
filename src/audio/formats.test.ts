/** @file Tests of compressed and telephone formats against other decoders (test/fixtures/audio/README.md). */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frameBytes, tagBytes } from './mp3-frames.js';
import { checksumOf } from './ogg-pages.js';
import { audioSeconds, readAudio } from './read.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-formats-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../test/fixtures/audio/${name}`, import.meta.url));

/** The largest difference in steps of 16 bits. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] as number)) * 32768), 0);
}

async function messageFor(name: string, bytes: Uint8Array, channel?: number): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return readAudio(path, { channel }).then(
    () => 'no error',
    (error: Error) => error.message.replace(`${folder}/`, ''),
  );
}

describe('readAudio, other formats', () => {
  it.each([
    ['A-law WAV', 'a-law.wav', 'a-law.pcm.wav'],
    ['mu-law WAV', 'mu-law.wav', 'mu-law.pcm.wav'],
    ['big-endian SPHERE', 'sphere.sph', 'sphere.pcm.wav'],
    ['mu-law SPHERE', 'sphere-mu-law.sph', 'mu-law.pcm.wav'],
  ])('reads %s to the very samples of another decoder', async (_name, file, expected) => {
    expect(largestDifference(await readAudio(fixture(file)), await readAudio(fixture(expected)))).toBe(0);
    expect(await audioSeconds(fixture(file))).toBe(0.25);
  });

  it.each([
    ['MP3', 'mp3.mp3', 'mp3.pcm.wav'],
    ['Ogg Vorbis', 'vorbis.ogg', 'vorbis.pcm.wav'],
    ['Ogg Opus', 'opus.opus', 'opus.pcm.wav'],
  ])(
    'reads %s to within one step of 16 bits, every channel and their mean',
    async (_name, file, expected) => {
      for (const channel of file === 'opus.opus' ? [undefined, 1] : [undefined, 1, 2]) {
        const decoded = await readAudio(fixture(file), { channel });
        const reference = await readAudio(fixture(expected), { channel });
        expect(largestDifference(decoded, reference)).toBeLessThan(1);
      }
      expect(await audioSeconds(fixture(file))).toBeCloseTo(0.25, 4);
      const span = await readAudio(fixture(file), { startSeconds: 0.1, durationSeconds: 0.1 });
      expect(span).toHaveLength(1600);
    },
  );

  it('takes the duration of WAV and FLAC from the header', async () => {
    expect(await audioSeconds(fixture('stereo-48k-24bit.wav'))).toBe(3000 / 48000);
    expect(await audioSeconds(fixture('stereo-48k-24bit.flac'))).toBe(3000 / 48000);
    expect(await audioSeconds(fixture('streamed.flac'))).toBe(0.25);
  });

  it('says that there is no such channel', async () => {
    for (const channel of [0, 3, 1.5]) {
      const message = await messageFor('a.wav', await readFile(fixture('stereo-48k-24bit.wav')), channel);
      expect(message).toContain(`a.wav: has no channel ${channel}, only 2`);
    }
  });

  it.each([
    ['opus.opus', 'the Ogg file is truncated or damaged'],
    ['vorbis.ogg', 'the Ogg file is truncated or damaged'],
    [
      'sphere.sph',
      'the SPHERE file is truncated or damaged: its header declares 4000 samples, but it has 3850',
    ],
    ['mu-law.wav', 'the WAV file is truncated or damaged'],
  ])('says that %s is cut short', async (file, message) => {
    const whole = await readFile(fixture(file));
    expect(await messageFor(file, whole.subarray(0, whole.length - 300))).toContain(message);
  });

  it('says that an MP3 file has no sound in it', async () => {
    const message = await messageFor('x.mp3', Buffer.concat([Buffer.from('ID3'), Buffer.alloc(400)]));
    expect(message).toContain('x.mp3: the MP3 file is truncated or damaged');
  });

  it('says that an MP3 file is cut short: within a frame, and between two', async () => {
    const whole = await readFile(fixture('mp3.mp3'));
    expect(await messageFor('x.mp3', whole.subarray(0, -100))).toContain(
      'x.mp3: the MP3 file is truncated or damaged: it ends within a frame',
    );
    let end = tagBytes(whole);
    for (let frame = 0; frame < 8; frame++) end += frameBytes(whole, end) ?? 0;
    expect(await messageFor('x.mp3', whole.subarray(0, end))).toContain('declares 12 frames, but it has 8');
    // A tag behind the frames is no damage.
    await writeFile(join(folder, 'tagged.mp3'), Buffer.concat([whole, Buffer.from('TAG'.padEnd(128, ' '))]));
    expect(await readAudio(join(folder, 'tagged.mp3'))).toEqual(await readAudio(fixture('mp3.mp3')));
  });

  it('says that an Ogg file lacks a page in its middle', async () => {
    const whole = await readFile(fixture('opus.opus'));
    const pages = [...whole.toString('latin1').matchAll(/OggS/g)].map(({ index }) => index);
    const [, second = 0, third = 0] = pages;
    const without = Buffer.concat([whole.subarray(0, second), whole.subarray(third)]);
    expect(await messageFor('x.opus', without)).toContain('a page is missing');
  });

  it('refuses shorten-compressed SPHERE by name', async () => {
    const fields = [
      'NIST_1A',
      '   1024',
      'channel_count -i 1',
      'sample_rate -i 16000',
      'sample_n_bytes -i 2',
      'sample_count -i 9000',
      'sample_coding -s26 pcm,embedded-shorten-v2.00',
      'end_head\n',
    ];
    const header = Buffer.alloc(1024, ' ');
    header.write(fields.join('\n'));
    expect(await messageFor('s.sph', Buffer.concat([header, Buffer.alloc(500)]))).toContain(
      "s.sph: SPHERE with samples coded as 'pcm,embedded-shorten-v2.00' is not supported. " +
        'Convert it, for example: sph2pipe -f wav IN.sph OUT.wav',
    );
  });

  it('says that an Ogg file holds something else', async () => {
    const bytes = await readFile(fixture('opus.opus'));
    bytes.write('FishHead', bytes.indexOf('OpusHead'));
    bytes.writeUInt32LE(checksumOf(bytes.subarray(0, bytes.indexOf('OggS', 4))), 22);
    expect(await messageFor('f.ogg', bytes)).toContain('does not start with a Vorbis or Opus stream');
  });

  it('refuses more at once than is allowed, and names the hint', async () => {
    for (const file of ['mono-16k-16bit.flac', 'mu-law.wav', 'opus.opus', 'mp3.mp3']) {
      await expect(readAudio(fixture(file), { longestSeconds: 0.2 })).rejects.toThrow('limit 0.2 s');
    }
  });
});
