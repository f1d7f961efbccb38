/** @file How long utterances are: by the manifest, else by the headers of their files. */
import { audioSeconds } from '../audio/index.js';
import { UserError } from '../base/errors.js';
import type { Utterance } from './manifest.js';

/** A disk behind a network answers many questions as fast as one. */
const filesAtOnce = 32;

/**
 * The seconds of each utterance, in their order.
 * @throws UserError that names the manifest's line and the audio file
 */
export async function durationsOf(utterances: readonly Utterance[]): Promise<number[]> {
  const files = new Map<string, number>();
  const seconds: number[] = [];
  for (let i = 0; i < utterances.length; i += filesAtOnce) {
    const some = utterances.slice(i, i + filesAtOnce);
    seconds.push(...(await Promise.all(some.map((utterance) => durationOf(utterance, files)))));
  }
  return seconds;
}

async function durationOf(utterance: Utterance, files: Map<string, number>): Promise<number> {
  const { id, path, startSeconds = 0, durationSeconds, manifest, line } = utterance;
  if (durationSeconds !== undefined) return durationSeconds;
  try {
    const whole = files.get(path) ?? (await audioSeconds(path));
    files.set(path, whole);
    return whole - startSeconds;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { exitCode, message } = error;
    throw new UserError(`utterance '${id}': ${message}`, { exitCode, file: manifest, line, cause: error });
  }
}
