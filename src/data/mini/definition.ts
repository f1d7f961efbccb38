/** @file What the definition file of the mini suite may say, and how it is read. */

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { jsonSource, type Source } from '../../base/source-text.js';
import { checked } from '../../base/validation.js';
import { fliteVoices } from './flite.js';
import { noiseColours } from './noise.js';

export const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
export const range = z
  .tuple([z.number(), z.number()])
  .refine(([low, high]) => low <= high, 'expected a range [lowest, highest]');
export const words = z
  .string()
  .regex(/^[a-z]+( [a-z]+)*$/, 'expected lower-case words, separated by single spaces');
const phrases = z.array(words).min(1);

export const groups = ['train', 'dev', 'test'] as const;
const group = z.enum(groups);

const anySpeaker = {
  id: z.string().regex(/^[a-z0-9-]+$/),
  /** Labelled data of KS, IC and ASR is divided by these groups; pre-training audio is by `train` alone. */
  group,
  /** Factor on all resonances (and the pitch): above 1 is a smaller head. */
  formants: z.number().min(0.7).max(1.4),
};
const fliteSpeaker = z.strictObject({
  ...anySpeaker,
  voice: z.enum(fliteVoices),
  /** As heard; the voice rms keeps its own. */
  pitchHz: z.number().positive(),
  /** Pace relative to the voice's own: above 1 is faster. */
  pace: z.number().positive(),
});
const espeakSpeaker = z.strictObject({
  ...anySpeaker,
  /** Accent and variant. */
  voice: z.string().min(1),
  /** 0 to 99. */
  pitch: z.number().min(0).max(99),
  /** Liveliness of the pitch, 0 to 99. */
  range: z.number().min(0).max(99),
  wordsPerMinute: z.number().min(80).max(300),
});
const ofFlite = (speaker: z.infer<typeof fliteSpeaker>) => ({ ...speaker, synthesiser: 'flite' as const });
/** Listed by synthesiser; read as one list. */
const speakers = z
  .strictObject({ flite: z.array(fliteSpeaker), espeak: z.array(espeakSpeaker) })
  .transform(({ flite, espeak }) => [
    ...flite.map(ofFlite),
    ...espeak.map((speaker) => ({ ...speaker, synthesiser: 'espeak' as const })),
  ]);

/** How an utterance is recorded; every range is drawn from anew for each utterance. */
export const conditionsSchema = z.strictObject({
  /** Factor on the speaker's pace. */
  pace: range,
  /** Factor on the speaker's pitch (not the formants). */
  pitch: range,
  /** Factor on how far the pitch moves (default: as the speaker's). */
  liveliness: range.optional(),
  roomShare: share,
  decaySeconds: range,
  directToReverbDb: range,
  /** Share of utterances with noise at `snrDb`; the others have it at `quietSnrDb`: no recording is silent. */
  noiseShare: share,
  snrDb: range,
  quietSnrDb: range,
  colours: z.array(z.enum(noiseColours)).min(1),
  /** The microphone's band. */
  lowCutHz: range,
  highCutHz: range,
  /** Gain above 2 kHz. */
  tiltDb: range,
  /** Gain of one resonance somewhere between 300 Hz and 4 kHz. */
  resonanceDb: range,
  /** Peak level, 0 is full scale. */
  levelDb: range,
  /** Silence (or noise) before and after the speech. */
  paddingSeconds: range,
});

const split = z.strictObject({
  utterances: count,
  conditions: z.string(),
  speakers: z.array(group).min(1),
  /** In place of the suite's. */
  fliteShare: share.optional(),
});

/** Sentences of the grammar, `prose` of them prose. */
const sentenceSplit = split.extend({ prose: count });
const splits = <T extends z.ZodType>(kind: T) => z.strictObject({ train: kind, dev: kind, test: kind });

export const definitionSchema = z.strictObject({
  seed: z.number().int(),
  speakers,
  conditions: z.record(z.string(), conditionsSchema),
  /** A grammar for sentences: a name in angle brackets stands for one of its alternatives; `sentence` is the start. */
  grammar: z.record(z.string(), z.array(z.string().min(1)).min(1)),
  keywords: phrases,
  unknownWords: phrases,
  intents: z.strictObject({
    /** Words for each object and place label; the place `none` has none. */
    objects: z.record(z.string(), words),
    places: z.record(z.string(), words),
    /** Wordings by action, with `<object>` and `<place>`; each split has its own. */
    wordings: z.record(z.string(), splits(z.array(z.string().min(1)).min(1))),
    meanings: z
      .array(
        z.strictObject({
          actions: z.array(z.string()).min(1),
          objects: z.array(z.string()).min(1),
          places: z.array(z.string()).min(1),
        }),
      )
      .min(1),
  }),
  /** Share of utterances that Flite's voices speak, where both synthesisers have speakers. */
  fliteShare: share,
  parts: z.strictObject({
    pretrain: split.extend({
      /** Tasks whose training audio is listed for pre-training too, without its labels. */
      alsoTrainOf: z.array(z.enum(['asr', 'ks', 'sid', 'ic'])),
      /** Texts are strung together until an utterance has this many words. */
      leastWords: count,
      /** Weights of the kinds of text. */
      kinds: z.strictObject({ prose: share, sentence: share, command: share, keywords: share }),
    }),
    asr: splits(sentenceSplit),
    ks: splits(split.extend({ seconds: z.number().positive() })),
    sid: splits(
      z.strictObject({ utterancesPerSpeaker: count, conditions: z.string(), words: range, seconds: range }),
    ),
    ic: splits(split),
  }),
  /**
   * Further test utterances, so that smaller differences are seen. They are drawn after everything else: whatever stands
   * here, all others keep their texts and audio.
   */
  moreTest: z
    .strictObject({
      /** Of Flite, heard nowhere else: with the others in KS, by themselves in IC. */
      speakers: z.array(fliteSpeaker).transform((all) => all.map(ofFlite)),
      ks: count,
      sidPerSpeaker: count,
      ic: count,
    })
    .optional(),
});

export type MiniDefinition = z.infer<typeof definitionSchema>;
export type Speaker = MiniDefinition['speakers'][number];
export type Conditions = MiniDefinition['conditions'][string];
export type Group = z.infer<typeof group>;
export type Range = readonly [low: number, high: number];

/** The definition with the prose sentences that stand beside it. */
export interface MiniSource {
  readonly definition: MiniDefinition;
  readonly prose: readonly string[];
}

/** Checks a definition. */
export function parseDefinition(source: Source): MiniDefinition {
  const { file } = source;
  const data = checked(definitionSchema, source);
  const ids = [...data.speakers, ...(data.moreTest?.speakers ?? [])].map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) {
    throw new UserError(`duplicate speaker '${twice}'`, { file, hint: 'Choose another id' });
  }
  return data;
}

/** Reads `suite.json` and `sentences.txt` of a folder (default: the package's own). */
export async function readMiniSource(folder?: string): Promise<MiniSource> {
  const place = folder ?? (await ownFolder());
  const file = join(place, 'suite.json');
  const definition = parseDefinition(await readJson(file));
  const text = await readFile(join(place, 'sentences.txt'), 'utf8');
  return { definition, prose: text.split(/\r?\n/).filter((line) => line !== '') };
}

/** @throws UserError naming a file that is not JSON */
export async function readJson(file: string): Promise<Source> {
  return jsonSource(await readFile(file, 'utf8'), file);
}

/** `manifests/mini` of this package, found from the sources as well as from the compiled files. */
export async function ownFolder(): Promise<string> {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(folder, 'manifests', 'mini');
    const found = await readFile(join(candidate, 'suite.json')).catch(() => undefined);
    if (found !== undefined) return candidate;
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  throw new UserError('manifests/mini/suite.json is not in the installed package', {
    exitCode: 1,
    hint: 'Install the package again',
  });
}
