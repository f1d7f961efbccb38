/** @file Audio as the harness wants it: a file of any common format in, 16 kHz mono floats out. */
import { UserError } from '../base/errors.js';
import { readFlac, streamInfo } from './flac.js';
import { readMp3 } from './mp3.js';
import { oggHeader, readOgg } from './ogg.js';
import { resample } from './resample.js';
import {
  type AudioHeader,
  type AudioSpan,
  type ByteSource,
  type MonoAudio,
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

const formats: readonly Format[] = [
  { matches: (head) => /^RIFF.{4}WAVE/s.test(head), read: readWav, header: wavHeader },
  { matches: (head) => head.startsWith('fLaC'), read: readFlac, header: streamInfo },
  { matches: (head) => head.startsWith('OggS'), read: readOgg, header: oggHeader },
  { matches: (head) => head.startsWith('NIST_1A'), read: readSphere, header: sphereHeader },
  // A tag, or a frame of layer III: 11 bits of synchronisation, a version that is not reserved.
  {
    matches: (head) => head.startsWith('ID3') || /^\xff[\xe2\xe3\xf2\xf3\xfa\xfb]/.test(head),
    read: readMp3,
  },
];

/**
 * Reads an audio file, or a span of it: WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus or SPHERE, told by its content.
 * @returns samples at 16 kHz, several channels averaged unless one is asked for; round(n * 16000 / rate) of them
 * @throws UserError naming the file when it is not there, is not audio, is truncated, is empty or holds samples
 *   that are not finite, or when the span does not lie in it, is too long or asks for a channel that is not there
 */
export async function readAudio(path: string, span: AudioSpan = {}): Promise<Float32Array> {
  const audio = await withByteSource(path, async (source) => (await formatOf(source)).read(source, span));
  if (!areFinite(audio.samples)) {
    throw new UserError('the audio file holds samples that are not finite numbers', {
      file: path,
      mend: 'Make it anew, or take it out of the manifest',
    });
  }
  const samples = resample(audio.samples, audio.sampleRateHz, sampleRateHz);
  if (samples.length === 0)
    throw new UserError('the audio is shorter than one sample at 16 kHz', { file: path });
  return samples;
}

/**
 * How long an audio file is, in seconds: by its header where that says it, else by decoding it.
 * @throws UserError as `readAudio`, where the header shows it
 */
export async function audioSeconds(path: string): Promise<number> {
  return withByteSource(path, async (source) => {
    const { header, read } = await formatOf(source);
    const stated = await header?.(source);
    if (stated?.frames !== undefined) return stated.frames / stated.sampleRateHz;
    const { samples, sampleRateHz: rate } = await read(source, {});
    return samples.length / rate;
  });
}

function areFinite(samples: Float32Array): boolean {
  // Zero times anything but a finite number is not a number: no branch in the loop.
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += 0 * (samples[i] as number);
  return sum === 0;
}

async function formatOf(source: ByteSource): Promise<Format> {
  if (source.bytes === 0) {
    throw new UserError('the audio file is empty', { file: source.file, mend: 'Get it anew' });
  }
  const head = await source.read(0, 64);
  const latin1 = String.fromCharCode(...head);
  const format = formats.find(({ matches }) => matches(latin1));
  if (format !== undefined) return format;
  throw new UserError(`is not an audio file that can be read${natureOf(head, latin1)}`, {
    file: source.file,
    mend: 'Convert it, for example: ffmpeg -i IN -ac 1 -ar 16000 OUT.flac',
  });
}

const otherFormats: readonly (readonly [start: string, name: string])[] = [
  ['RF64', 'RF64, a WAV file for more than 4 GB'],
  ['RIFX', 'a big-endian WAV file'],
  ['FORM', 'AIFF'],
  ['.snd', 'Sun audio'],
  ['caff', 'Core Audio'],
];

/** What a file seems to be, from how it begins. */
function natureOf(head: Uint8Array, latin1: string): string {
  const known = otherFormats.find(([start]) => latin1.startsWith(start));
  if (known) return `: it is ${known[1]}`;
  if (latin1.slice(4, 8) === 'ftyp') return ': it is MP4';
  if (latin1.startsWith('version https://git-lfs'))
    return ': it is a Git LFS pointer (git lfs pull brings the file)';
  const isText = head.every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13);
  return isText ? `: it is text ("${latin1.slice(0, 24).replaceAll(/\s+/g, ' ').trim()}")` : '';
}
