/** @file The audio of an utterance. */
import { amplified, readAudio, sampleRateHz, withoutSilence } from '../audio/index.js';
import { UserError } from '../base/errors.js';
import type { Utterance } from './manifest.js';

/** Attention over all pairs of frames would not fit into memory; VoxCeleb1's longest utterance has 145 s. */
export const longestUtteranceSeconds = 180;

/**
 * The samples of an utterance, 16 kHz mono: louder or softer by its gain, then without pauses, then its window of them,
 * where it says so. None may be left of an utterance without pauses.
 * @param longestSeconds the most that it may have (default: no limit)
 * @throws UserError that names the manifest's line and the audio file
 */
export async function readUtterance(utterance: Utterance, longestSeconds?: number): Promise<Float32Array> {
  const { path, startSeconds, durationSeconds, channel, gainDecibels, id, manifest, line } = utterance;
  try {
    const samples = await readAudio(path, { startSeconds, durationSeconds, channel, longestSeconds });
    const louder = amplified(samples, gainDecibels);
    return windowOf(utterance.withoutSilence ? withoutSilence(louder) : louder, utterance.window);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { exitCode, message } = error;
    throw new UserError(`utterance '${id}': ${message}`, { exitCode, file: manifest, line, cause: error });
  }
}

function windowOf(samples: Float32Array, window: Utterance['window']): Float32Array {
  const length = Math.round((window?.seconds ?? Number.POSITIVE_INFINITY) * sampleRateHz);
  if (window === undefined || samples.length <= length) return samples;
  const first = Math.floor(window.place * (samples.length - length + 1));
  return samples.slice(first, first + length);
}

/** Whether `readUtterance` gives samples. */
export function isUsable(utterance: Utterance, longestSeconds?: number): Promise<boolean> {
  return readUtterance(utterance, longestSeconds).then(
    () => true,
    () => false,
  );
}
