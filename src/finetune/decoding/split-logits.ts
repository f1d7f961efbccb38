/** @file What a recogniser gives of the utterances of a split, one after the other, and a place on disk for it. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { cannotWrite, unfinishedPlace } from '../../base/files.js';

/** What is recognised of an utterance. */
export interface UtteranceLogits {
  readonly id: string;
  /** What was said, as the recogniser would write it. */
  readonly text: string;
  readonly speaker?: string | undefined;
  /** [frames, tokens], row-major: logits or log-probabilities of its own frames, without padding. */
  readonly logits: Float32Array;
}

/** A split, an utterance at a time: all of it may be larger than the memory. */
export interface SplitLogits {
  /** How many utterances come. */
  readonly count: number;
  /** They begin with the first at every call. */
  read(): AsyncIterable<UtteranceLogits>;
}

export interface KeptLogits extends SplitLogits {
  remove(): Promise<void>;
}

interface Kept extends Omit<UtteranceLogits, 'logits'> {
  /** Numbers before it in the file, and how many it has. */
  readonly place: number;
  readonly length: number;
}

/** Bytes of a number. */
const width = Float32Array.BYTES_PER_ELEMENT;

/**
 * Reads a split once and keeps it in a file, for those who look at it several times: an encoder's pass takes far longer than
 * reading (LibriSpeech's dev-other takes 120 MB).
 * @param folder that is written into
 * @throws UserError (exit code 1) where it cannot be written; whatever `read` throws. Nothing is left then
 */
export async function keepLogits(split: SplitLogits, folder: string): Promise<KeptLogits> {
  const file = unfinishedPlace(join(folder, 'logits'));
  const handle = await open(file, 'wx+').catch((error: unknown) => {
    throw cannotWrite(file, error);
  });
  const remove = async (): Promise<void> => {
    await handle.close();
    await rm(file, { force: true });
  };
  const kept: Kept[] = [];
  let place = 0;
  try {
    for await (const { logits, ...rest } of split.read()) {
      const { length } = logits;
      await handle.writeFile(bytesOf(logits)).catch((error: unknown) => {
        throw cannotWrite(file, error);
      });
      kept.push({ ...rest, place, length });
      place += length;
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    count: kept.length,
    read: async function* () {
      for (const { place: start, length, ...rest } of kept)
        yield { ...rest, logits: await numbersAt(handle, file, start, length) };
    },
    remove,
  };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

async function numbersAt(
  handle: FileHandle,
  file: string,
  place: number,
  length: number,
): Promise<Float32Array> {
  const numbers = new Float32Array(length);
  const { bytesRead } = await handle.read(bytesOf(numbers), 0, length * width, place * width);
  if (bytesRead < length * width)
    throw new UserError('became shorter while it was read', { file, exitCode: 1, hint: 'Begin again' });
  return numbers;
}
