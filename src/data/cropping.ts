/** @file Utterances cut to a length: seeded crops that are utterances of their own, with features kept like any other's. */
import { audioSeconds } from '../audio/index.js';
import { UserError } from '../base/errors.js';
import { hashText, randomStream } from '../base/random.js';
import type { Utterance } from './rows.js';

export interface CropSettings {
  readonly seconds: number;
  readonly perUtterance: number;
  readonly seed: number;
}

/**
 * Gives the crops of an utterance, `id#crop-0` and on; one that is no longer than a crop stays itself. Where pauses are
 * taken out, a crop is a window of what they leave.
 */
export type Cropper = (utterance: Utterance) => Promise<readonly Utterance[]>;

/**
 * Crops that depend on seed and id alone, each uniform in the utterance. How long that is, its row says, else the
 * header of its file. Unreadable audio stays itself: it is found when features are made.
 */
export function cropper({ seconds, perUtterance, seed }: CropSettings): Cropper {
  return async (utterance) => {
    const whole = await secondsOf(utterance);
    if (whole === undefined || whole <= seconds) return [utterance];
    const random = randomStream(seed, 'crop', hashText(utterance.id));
    const { id } = utterance;
    const named = (k: number) => ({ ...utterance, id: `${id}#crop-${k}`, cropOf: id });
    if (utterance.withoutSilence)
      return Array.from({ length: perUtterance }, (_, k): Utterance => {
        return { ...named(k), window: { seconds, place: random.uniform() } };
      });
    return Array.from({ length: perUtterance }, (_, k): Utterance => {
      // Rounded down to 0.1 ms, so that no crop ends behind its utterance.
      const offset = Math.floor(random.uniform() * (whole - seconds) * 1e4) / 1e4;
      const startSeconds = Number(((utterance.startSeconds ?? 0) + offset).toFixed(4));
      return { ...named(k), startSeconds, durationSeconds: seconds };
    });
  };
}

async function secondsOf({
  path,
  startSeconds = 0,
  durationSeconds,
}: Utterance): Promise<number | undefined> {
  if (durationSeconds !== undefined) return durationSeconds;
  try {
    return (await audioSeconds(path)) - startSeconds;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
