/** @file Audio as the harness wants it: WAV or FLAC in, 16 kHz mono floats out. */
import { UserError } from '../errors.js';
import { readFlac } from './flac.js';
import { resample } from './resample.js';
import { type AudioSpan, type ByteSource, type MonoAudio, withByteSource } from './source.js';
import { readWav } from './wav.js';

/** The rate that every encoder works at. */
export const sampleRateHz = 16000;

/**
 * Reads a WAV or FLAC file, or a span of it.
 * @returns samples at 16 kHz, several channels averaged; round(n * 16000 / rate) of them
 * @throws UserError naming the file when it is not there, is not audio, is truncated, is empty or holds samples
 *   that are not finite, or when the span does not lie in it
 */
export async function readAudio(path: string, span: AudioSpan = {}): Promise<Float32Array> {
  const audio = await withByteSource(path, (source) => decode(source, span));
  const samples = resample(audio.samples, audio.sampleRateHz, sampleRateHz);
  if (samples.length === 0)
    throw new UserError('the audio is shorter than one sample at 16 kHz', { file: path });
  return samples;
}

async function decode(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  if (source.bytes === 0) {
    throw new UserError('the audio file is empty', { file: source.file, mend: 'Get it anew' });
  }
  const head = await source.read(0, 64);
  const latin1 = String.fromCharCode(...head);
  if (latin1.startsWith('RIFF') && latin1.slice(8, 12) === 'WAVE') return readWav(source, span);
  if (latin1.startsWith('fLaC')) return readFlac(source, span);
  throw new UserError(`is not a WAV or FLAC file${natureOf(head, latin1)}`, {
    file: source.file,
    mend: 'Convert it, for example: ffmpeg -i IN -ac 1 -ar 16000 OUT.flac',
  });
}

const otherFormats: readonly (readonly [start: string, name: string])[] = [
  ['OggS', 'Ogg'],
  ['ID3', 'MP3'],
  ['\xff\xfb', 'MP3'],
  ['\xff\xf3', 'MP3'],
  ['RF64', 'RF64, a WAV file for more than 4 GB'],
  ['RIFX', 'a big-endian WAV file'],
  ['FORM', 'AIFF'],
  ['.snd', 'Sun audio'],
  ['NIST_1A', 'NIST SPHERE'],
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
