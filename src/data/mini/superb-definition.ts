/** @file What the definition of `mini-superb` may say: what six more tasks have besides the mini suite. */

import { join } from 'node:path';
import { z } from 'zod';
import { checked } from '../../base/validation.js';
import {
  conditionsSchema,
  count,
  groups,
  type MiniSource,
  ownFolder,
  range,
  readJson,
  readMiniSource,
  words,
} from './definition.js';
import { noiseColours } from './noise.js';

const perSplit = z.strictObject({ train: count, dev: count, test: count });
const phrases = z.array(words).min(1);

export const superbDefinitionSchema = z.strictObject({
  /** Beside those of the mini suite. */
  conditions: z.record(z.string(), conditionsSchema),
  parts: z.strictObject({
    er: z.strictObject({
      /** Speakers are dealt out to so many. */
      sessions: z.int().min(2),
      /** In each session. */
      utterancesPerStyle: count,
      words: range,
      /** Labels with the conditions that make them. */
      styles: z.record(z.string(), z.string()),
    }),
    asv: z.strictObject({
      /** Half of them of one speaker. */
      trials: z.strictObject({ dev: count, test: count }),
    }),
    sd: z.strictObject({
      utterancesPerSpeaker: z.int().min(1),
      words: range,
      /** Of two speakers of one group each. */
      mixtures: perSplit,
      turnsPerSpeaker: z.int().min(1),
      /** Between the end of a turn and the begin of the next: below zero they overlap. */
      gapSeconds: range,
      /** Of each speaker. */
      gainDb: range,
      snrDb: range,
      colours: z.array(z.enum(noiseColours)).min(1),
    }),
    qbe: z.strictObject({
      speakersPerPhrase: z.int().min(1),
      /** What is looked for in the sentences of recognition. */
      phrases: z.strictObject({ dev: phrases, test: phrases }),
    }),
  }),
});

export type SuperbDefinition = z.infer<typeof superbDefinitionSchema>;

/** The definition of the mini suite and what `mini-superb` adds. */
export interface SuperbSource extends MiniSource {
  readonly superb: SuperbDefinition;
}

/** The splits that judge. */
export const judgingGroups = groups.filter((group) => group !== 'train');

/** Reads `suite.json`, `sentences.txt` and `superb.json` of a folder (default: the package's own). */
export async function readSuperbSource(folder?: string): Promise<SuperbSource> {
  const place = folder ?? (await ownFolder());
  const file = join(place, 'superb.json');
  const superb = checked(superbDefinitionSchema, await readJson(file));
  return { ...(await readMiniSource(place)), superb };
}
