/** @file Audio as the harness wants it: a file of any common format in, 16 kHz mono floats out. */
import { UserError } from '../base/errors.js';
import { readFlac, streamInfo } from './flac.js';
import { readMp3 } from './mp3.js';
import { frameChain, tagBytes } from './mp3-frames.js';
import { natureOf } from './natures.js';
import { oggHeader, readOgg } from './ogg.js';
import { resample } from './resample.js';
import {
  type AudioHeader,
  type AudioSpan,
  type ByteSource,
  checkedRate,
  damagedFile,
  type MonoAudio,
  sourceFrom,
  withByteSource,
} from './source.js';
import { readSphere, sphereHeader } from './sphere.js';
import { readWav, wavHeader } from './wav.js';

/** The rate that every encoder works at. */
export const sampleRateHz = 16000;

interface Format {
  readonly matches: (head: string) => boolean;
  readonly read: (source: ByteSource, span: AudioSpan) => Promise<MonoAudio>;
  /** Missing where only decoding tells. */
  readonly header?: (source: ByteSource) => Promise<AudioHeader>;
}

const mp3: Format = {
  // 11 bits of synchronisation, a version that is not reserved, layer III or II.
  matches: (head) => /^\xff[\xe2-\xe5\xf2-\xf5\xfa-\xfd]/.test(head),
  read: readMp3,
};

const formats: readonly Format[] = [
  { matches: (head) => /^RIFF.{4}WAVE/s.test(head), read: readWav, header: wavHeader },
  { matches: (head) => head.startsWith('fLaC'), read: readFlac, header: streamInfo },
  { matches: (head) => head.startsWith('OggS'), read: readOgg, header: oggHeader },
  { matches: (head) => head.startsWith('NIST_1A'), read: readSphere, header: sphereHeader },
  mp3,
];

/**
 * Reads an audio file, or a span of it: WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus or SPHERE, told by its content.
 * @returns samples at 16 kHz, several channels averaged unless one is asked for; round(n * 16000 / rate) of them
 * @throws UserError naming the file when it is not there, is not audio, is truncated, is empty or holds samples
 *   that are not finite, or when the span does not lie in it, is too long or asks for a channel that is not there
 */
export async function readAudio(path: string, span: AudioSpan = {}): Promise<Float32Array> {
  const audio = await withByteSource(path, async (file) => {
    const { format, source } = await formatOf(file);
    return format.read(source, span);
  });
  if (!areFinite(audio.samples)) {
    throw new UserError('the audio file contains NaN or infinite samples', {
      file: path,
      hint: 'Create it again, or remove it from the manifest',
    });
  }
  const samples = resample(audio.samples, checkedRate(audio.sampleRateHz, path), sampleRateHz);
  if (samples.length === 0)
    throw new UserError('the audio is shorter than one sample at 16 kHz', { file: path });
  return samples;
}

/**
 * How long an audio file is, in seconds: by its header where that says it, else by decoding it.
 * @throws UserError as `readAudio`, where the header shows it
 */
export async function audioSeconds(path: string): Promise<number> {
  return withByteSource(path, secondsOf);
}

/**
 * The same, where a header says it; undefined where only decoding tells.
 * @throws UserError as `readAudio`, where the header shows it
 */
export async function statedSeconds(path: string): Promise<number | undefined> {
  return withByteSource(path, async (file) => {
    const { format, source } = await formatOf(file);
    return statedBy(format, source);
  });
}

/** The same of audio that is held. @param name as messages call it */
export async function audioSecondsOfBytes(bytes: Uint8Array, name: string): Promise<number> {
  const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length);
  return secondsOf({ file: name, bytes: bytes.length, read });
}

async function secondsOf(file: ByteSource): Promise<number> {
  const { format, source } = await formatOf(file);
  const stated = await statedBy(format, source);
  if (stated !== undefined) return stated;
  const { samples, sampleRateHz: rate } = await format.read(source, {});
  return samples.length / rate;
}

async function statedBy(format: Format, source: ByteSource): Promise<number | undefined> {
  const stated = await format.header?.(source);
  return stated?.frames && stated.frames / checkedRate(stated.sampleRateHz, source.file);
}

function areFinite(samples: Float32Array): boolean {
  // Zero times anything but a finite number is not a number: no branch in the loop.
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += 0 * (samples[i] as number);
  return sum === 0;
}

const convert = 'Convert it, for example: ffmpeg -i IN -ac 1 -ar 16000 OUT.flac';

/** What may lie in front of an MP3's first frame without hiding it: silence, the rest of a frame. */
const mostBeforeFrames = 1 << 16;

/** The format of a file by its content, and the file from where that begins: ID3v2 tags may stand before any of them. */
async function formatOf(file: ByteSource): Promise<{ readonly format: Format; readonly source: ByteSource }> {
  if (file.bytes === 0) {
    throw new UserError('the audio file is empty', { file: file.file, hint: 'Download or copy it again' });
  }
  const source = await behindTags(file);
  const head = await source.read(0, 64);
  const latin1 = String.fromCharCode(...head);
  const format = formats.find(({ matches }) => matches(latin1));
  if (format !== undefined) return { format, source };
  const start = await source.read(0, mostBeforeFrames);
  const nature = natureOf(head, latin1);
  const frames =
    nature === '' || head[0] === 0 ? frameChain(start, 0, start.length === source.bytes) : undefined;
  if (frames !== undefined) return { format: mp3, source: sourceFrom(source, frames) };
  if (source !== file) throw damagedFile('MP3', file.file, `no audio after its ID3 tag${nature}`);
  throw new UserError(`is not a supported audio file${nature}`, { file: file.file, hint: convert });
}

async function behindTags(file: ByteSource): Promise<ByteSource> {
  let start = 0;
  for (let tag = -1; tag !== 0; start += tag) {
    tag = tagBytes(await file.read(start, 10));
    if (start + tag >= file.bytes) throw damagedFile('MP3', file.file, 'it ends within its ID3 tag');
  }
  return start === 0 ? file : sourceFrom(file, start);
}
