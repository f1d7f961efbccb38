/** @file An audio file's bytes, read where they are needed, and what part of it is wanted. */
import type { Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { type ByteSource, sourceOf } from '../base/byte-source.js';
import { messageOf, UserError } from '../base/errors.js';
import { systemCode } from '../base/files.js';
import { memberOf, memberSource } from './member.js';

export type { ByteSource } from '../base/byte-source.js';

/** Part of an audio file; the whole of it when empty. */
export interface AudioSpan {
  readonly startSeconds?: number | undefined;
  readonly durationSeconds?: number | undefined;
  /** The channel wanted, counted from 1 (default: the mean of all). */
  readonly channel?: number | undefined;
  /** The most that may be asked for at once (default: no limit). */
  readonly longestSeconds?: number | undefined;
  /** The span ends there where the file is longer (default: with the file); without `durationSeconds`. */
  readonly mostSeconds?: number | undefined;
}

/** What a file says of itself without being decoded. */
export interface AudioHeader {
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Samples a channel; undefined where only decoding tells. */
  readonly frames: number | undefined;
}

/** Decoded audio of one channel at the file's own rate. */
export interface MonoAudio {
  readonly samples: Float32Array;
  readonly sampleRateHz: number;
}

/** The error of a file that holds less, or other, than it promises. */
export function damagedFile(format: string, file: string, how: string, cause?: unknown): UserError {
  return new UserError(`the ${format} file is truncated or damaged: ${how}`, {
    file,
    hint: 'Download or copy it again, or remove it from the manifest',
    cause,
  });
}

// Holds a 1-second clip of 16-bit audio at 16 kHz with its header.
const firstRead = 1 << 16;

/**
 * Opens an audio file, or what lies inside another (`member.ts`), hands it to `use`, closes it. Short ones come in one
 * read.
 * @throws UserError when it cannot be read
 */
export async function withByteSource<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const member = memberOf(path);
  const file = member?.container ?? path;
  let handle: FileHandle | undefined;
  try {
    refuseStream(await stat(file), file);
    handle = await open(file, 'r');
    const { size, mtimeMs } = await handle.stat();
    const whole = sourceOf(handle, file, size);
    const source = member && (await memberSource({ ...whole, modified: mtimeMs }, member, path));
    return await use(await withHead(source ?? whole));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw new UserError(`the audio file cannot be read (${messageOf(error)})`, {
      file: path,
      hint: 'Check its path and its permissions',
      cause: error,
    });
  } finally {
    await handle?.close();
  }
}

/** A header stands here, its samples there: what is no regular file cannot be read like that, and opening it may wait. */
function refuseStream(status: Stats, file: string): void {
  const what = status.isFIFO() ? 'a pipe' : status.isSocket() ? 'a socket' : 'a device';
  if (status.isFile() || status.isDirectory()) return;
  throw new UserError(`is ${what}, expected a regular file`, {
    file,
    hint: 'Write it to a file first, and pass that file',
  });
}

/** The bytes of a source from an offset on. */
export function sourceFrom(source: ByteSource, start: number): ByteSource {
  return {
    file: source.file,
    bytes: source.bytes - start,
    read: (offset, length) => source.read(offset + start, length),
  };
}

/** The same bytes, the first of them held. */
async function withHead(source: ByteSource): Promise<ByteSource> {
  const head = await source.read(0, firstRead);
  const { file, bytes } = source;
  return {
    file,
    bytes,
    read: async (offset, length) =>
      offset + length <= head.length || head.length === bytes
        ? head.subarray(offset, offset + length)
        : source.read(offset, length),
  };
}

/** Slower than any recording of speech, and faster than any converter: other rates stand in damaged headers. */
const [slowestHz, fastestHz] = [1000, 768_000];

/**
 * The rate that a header states.
 * @throws UserError when it is none that audio has: a filter for it, or the samples after it, would fill the memory
 */
export function checkedRate(sampleRateHz: number, file: string): number {
  if (sampleRateHz >= slowestHz && sampleRateHz <= fastestHz) return sampleRateHz;
  throw new UserError(
    `invalid sample rate ${sampleRateHz} Hz in its header (expected ${slowestHz} to ${fastestHz} Hz)`,
    { file, hint: 'Create the file again, or remove it from the manifest' },
  );
}

// Times in manifests are rounded, often to 10 ms: an end may lie this far behind the file's.
const endToleranceSeconds = 0.02;

/**
 * The frames of a span in a file of `frameCount` frames.
 * @throws UserError when the rate is none, the file is without samples, or the span does not lie in it or is too long
 */
export function framesOfSpan(
  span: AudioSpan,
  frameCount: number,
  sampleRateHz: number,
  file: string,
): { readonly first: number; readonly count: number } {
  checkedRate(sampleRateHz, file);
  if (frameCount === 0) throw new UserError('the audio file has no samples', { file });
  const { startSeconds = 0, durationSeconds, longestSeconds = Number.POSITIVE_INFINITY } = span;
  const first = Math.round(startSeconds * sampleRateHz);
  const length = `the end of the file (${(frameCount / sampleRateHz).toFixed(3)} s)`;
  const hint = "Correct the columns 'start' and 'duration' of the manifest";
  if (!(first >= 0 && first < frameCount)) {
    throw new UserError(`start (${startSeconds} s) is beyond ${length}`, { file, hint });
  }
  const wanted = durationSeconds ?? (frameCount - first) / sampleRateHz;
  if (wanted > longestSeconds) {
    throw new UserError(`the utterance is too long (${wanted.toFixed(1)} s, limit ${longestSeconds} s)`, {
      file,
      hint: 'Cut it into pieces with the columns start and duration',
    });
  }
  if (durationSeconds === undefined) {
    const most = Math.round((span.mostSeconds ?? Number.POSITIVE_INFINITY) * sampleRateHz);
    return { first, count: Math.min(most, frameCount - first) };
  }
  const count = Math.round(durationSeconds * sampleRateHz);
  if (!(count > 0))
    throw new UserError(`a duration of ${durationSeconds} s is shorter than one sample`, { file, hint });
  if (first + count > frameCount + endToleranceSeconds * sampleRateHz) {
    const what = `end (${Number((startSeconds + durationSeconds).toFixed(6))} s) is beyond ${length}`;
    throw new UserError(what, { file, hint });
  }
  return { first, count: Math.min(count, frameCount - first) };
}
