/** @file The audio of an utterance. */
import { amplified, readAudio } from '../audio/index.js';
import { UserError } from '../base/errors.js';
import type { Utterance } from './manifest.js';

/** Attention over all pairs of frames would not fit into memory; VoxCeleb1's longest utterance has 145 s. */
export const longestUtteranceSeconds = 180;

/**
 * The samples of an utterance, 16 kHz mono, louder or softer by its gain.
 * @param longestSeconds the most that it may have (default: no limit)
 * @throws UserError that names the manifest's line and the audio file
 */
export async function readUtterance(utterance: Utterance, longestSeconds?: number): Promise<Float32Array> {
  const { path, startSeconds, durationSeconds, channel, gainDecibels, id, manifest, line } = utterance;
  try {
    const samples = await readAudio(path, { startSeconds, durationSeconds, channel, longestSeconds });
    return amplified(samples, gainDecibels);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { exitCode, message } = error;
    throw new UserError(`utterance '${id}': ${message}`, { exitCode, file: manifest, line, cause: error });
  }
}

/** Whether `readUtterance` gives samples. */
export function isUsable(utterance: Utterance, longestSeconds?: number): Promise<boolean> {
  return readUtterance(utterance, longestSeconds).then(
    () => true,
    () => false,
  );
}
