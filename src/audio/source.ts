/** @file An audio file's bytes, read where they are needed, and what part of it is wanted. */
import type { Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { messageOf, UserError } from '../base/errors.js';
import { systemCode } from '../base/files.js';

/** A file opened for reading; short files come in one read. */
export interface ByteSource {
  readonly file: string;
  readonly bytes: number;
  /** The bytes of [offset, offset + length), fewer where the file ends. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Part of an audio file; the whole of it when empty. */
export interface AudioSpan {
  readonly startSeconds?: number | undefined;
  readonly durationSeconds?: number | undefined;
  /** The channel wanted, counted from 1 (default: the mean of all). */
  readonly channel?: number | undefined;
  /** The most that may be asked for at once (default: no limit). */
  readonly longestSeconds?: number | undefined;
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
    mend: 'Get it anew, or take it out of the manifest',
    cause,
  });
}

// Holds a 1-second clip of 16-bit audio at 16 kHz with its header.
const firstRead = 1 << 16;

/** Opens a file, hands it to `use`, closes it. UserError when it cannot be read. */
export async function withByteSource<T>(file: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    refuseStream(await stat(file), file);
    handle = await open(file, 'r');
    const { size } = await handle.stat();
    return await use(await byteSourceOf(handle, file, size));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw new UserError(`the audio file cannot be read (${messageOf(error)})`, {
      file,
      mend: 'Check its path and its permissions',
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
  throw new UserError(`is ${what}, not a file: audio is read from several places of a file`, {
    file,
    mend: 'Write it to a file first, and give that',
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

async function byteSourceOf(handle: FileHandle, file: string, bytes: number): Promise<ByteSource> {
  const readFresh = async (offset: number, length: number): Promise<Uint8Array> => {
    const buffer = new Uint8Array(Math.max(0, Math.min(length, bytes - offset)));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  };
  const head = await readFresh(0, firstRead);
  return {
    file,
    bytes,
    read: async (offset, length) =>
      offset + length <= head.length || head.length === bytes
        ? head.subarray(offset, offset + length)
        : readFresh(offset, length),
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
    `its header says ${sampleRateHz} Hz, which is no sample rate (${slowestHz} to ${fastestHz} Hz are read)`,
    { file, mend: 'Make the file anew, or take it out of the manifest' },
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
  if (frameCount === 0) throw new UserError('the audio file holds no samples', { file });
  const { startSeconds = 0, durationSeconds, longestSeconds = Number.POSITIVE_INFINITY } = span;
  const first = Math.round(startSeconds * sampleRateHz);
  const length = `the file is ${(frameCount / sampleRateHz).toFixed(3)} s long`;
  const mend = "Correct the manifest's start and duration";
  if (!(first >= 0 && first < frameCount)) {
    throw new UserError(`the start at ${startSeconds} s does not lie in it: ${length}`, { file, mend });
  }
  const wanted = durationSeconds ?? (frameCount - first) / sampleRateHz;
  if (wanted > longestSeconds) {
    throw new UserError(`${wanted.toFixed(1)} s at once are too long for an utterance`, {
      file,
      mend: `Cut it with the columns start and duration into pieces of at most ${longestSeconds} s`,
    });
  }
  if (durationSeconds === undefined) return { first, count: frameCount - first };
  const count = Math.round(durationSeconds * sampleRateHz);
  if (!(count > 0))
    throw new UserError(`a duration of ${durationSeconds} s holds no samples`, { file, mend });
  if (first + count > frameCount + endToleranceSeconds * sampleRateHz) {
    const what = `${durationSeconds} s from ${startSeconds} s on reach past its end: ${length}`;
    throw new UserError(what, { file, mend });
  }
  return { first, count: Math.min(count, frameCount - first) };
}
