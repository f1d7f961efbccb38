/** @file Settings that heads of every kind have: which hidden states they read, and what is done to the audio before. */
import { z } from 'zod';
import type { TaskData } from '../api/task.js';
import type { Utterance } from '../data/rows.js';
import { parseSettings, type SettingsSource } from '../heads/settings.js';

const layerRange = z.union([
  z.int().nonnegative(),
  z.string().regex(/^\d+(-\d+)?$/, 'expected a range such as 4-8'),
]);

const readingSchema = z.strictObject({
  /** Hidden states that the head reads, counted from 0 (default: all): `[9]`, `4-8`, `[0, "4-8"]`. */
  layers: z
    .union([layerRange, z.array(layerRange).min(1)])
    .transform((given) => numbersOf(Array.isArray(given) ? given : [given]))
    .refine((layers) => layers.length > 0, 'expected the smaller number first, such as 4-8')
    .optional(),
  /** Added to the level of every utterance: -3 multiplies samples by 0.7079. */
  gainDecibels: z.number().min(-60).max(60).optional(),
  /** Takes pauses of 0.1 s or more out of every utterance, behind the gain. */
  withoutSilence: z.boolean().optional(),
});

export type ReadingSettings = Readonly<z.infer<typeof readingSchema>>;

/** How many hidden states no encoder has. */
const mostLayers = 1000;

/** The layers of numbers and ranges, each once, in order. */
function numbersOf(given: readonly (number | string)[]): number[] {
  const all = given.flatMap((each) => {
    const [first = 0, last = first] = String(each).split('-').map(Number);
    return Array.from({ length: Math.max(0, Math.min(last, mostLayers) - first + 1) }, (_, i) => first + i);
  });
  return [...new Set(all)].sort((a, b) => a - b);
}

/**
 * What the settings of a task's head say of reading, and the rest, which is for its kind.
 * @throws UserError naming the setting that is wrong
 */
export function readingOf(
  { layers, gainDecibels, withoutSilence, ...own }: Readonly<Record<string, unknown>>,
  place: string,
  source?: SettingsSource,
): { readonly reading: ReadingSettings; readonly own: Readonly<Record<string, unknown>> } {
  const reading = parseSettings(readingSchema, { layers, gainDecibels, withoutSilence }, place, source);
  return { reading, own };
}

/** What is done to the audio before an encoder hears it. */
export type Effects = Pick<ReadingSettings, 'gainDecibels' | 'withoutSilence'>;

/** Utterances with what is done to their audio; the very ones where nothing is. */
export function withEffectsOn(
  utterances: readonly Utterance[],
  { gainDecibels, withoutSilence }: Effects,
): readonly Utterance[] {
  const effects = {
    ...(gainDecibels !== undefined && { gainDecibels }),
    ...(withoutSilence === true && { withoutSilence }),
  };
  if (Object.keys(effects).length === 0) return utterances;
  return utterances.map((utterance) => ({ ...utterance, ...effects }));
}

/** The data with what is done to the audio on every utterance. */
export function withEffects(data: TaskData, effects: Effects): TaskData {
  const changed = (utterances: readonly Utterance[]) => withEffectsOn(utterances, effects);
  return { ...data, train: changed(data.train), dev: changed(data.dev), test: changed(data.test) };
}
