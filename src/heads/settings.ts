/** @file What a suite may set about training the heads, with defaults for corpora of the mini suite's size. */
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { storedTypes } from '../features/shards.js';

const count = z.int().positive();
const rates = z.array(z.number().positive()).min(1);

export const pooledSettingsSchema = z.strictObject({
  /** Width of the projection between layer sum and classifiers (SUPERB: 256). */
  projectionSize: count.default(256),
  batchSize: count.default(32),
  /** Every one is tried; dev decides. */
  learningRates: rates.default([1e-1, 1e-2, 1e-3, 1e-4, 1e-5]),
  maximumUpdates: count.default(8000),
  /** Updates between evaluations on dev; 0 for once an epoch. */
  evaluateEvery: z.int().nonnegative().default(0),
  /** How many evaluations on dev without a better one end the training; 0: it ends at the last update only. */
  patience: z.int().nonnegative().default(60),
  gradientClip: z.number().positive().default(1),
  /** `epochs`: every utterance once an epoch. `balanced`: every draw a class, then an utterance of it. */
  drawing: z.enum(['epochs', 'balanced']).default('epochs'),
  /** Crops in place of longer utterances; the task says of which. An epoch takes one of each utterance. */
  crops: z
    .strictObject({
      seconds: z.number().positive(),
      perUtterance: count.default(4),
      /** The same for every seed of the heads, so that features are made once. */
      seed: z.int().default(1337),
    })
    .optional(),
});

export const ctcSettingsSchema = z.strictObject({
  /** Width that each frame is projected to before the BLSTM (SUPERB: 1024). */
  projectionSize: count.default(128),
  lstmLayers: count.default(1),
  /** Width of each direction (SUPERB: 1024). */
  lstmSize: count.default(128),
  dropout: z.number().min(0).lt(1).default(0.2),
  /** Samples that one step of the BLSTM covers: so many frames are joined. 0 joins none. */
  stepSamples: z.int().nonnegative().default(320),
  /** Brings every dimension of every hidden state to zero mean and unit variance over the train split first. */
  standardize: z.boolean().default(true),
  batchSize: count.default(8),
  learningRates: rates.default([3e-3]),
  /** `constant` as in SUPERB; `linear` goes to zero at the last update. */
  schedule: z.enum(['constant', 'linear']).default('linear'),
  maximumUpdates: count.default(1000),
  /** Updates between evaluations on dev; 0 for once an epoch. */
  evaluateEvery: z.int().nonnegative().default(0),
  patience: z.int().nonnegative().default(10),
  gradientClip: z.number().positive().default(1),
  /** Time warp and masks over time and features of the layer sum (Park et al. 2019). */
  specAugment: z
    .strictObject({
      /** Frames that a place in the utterance may be moved by; 0 moves none. */
      timeWarpWindow: z.int().nonnegative().default(5),
      timeMasks: z.int().nonnegative().default(2),
      timeMaskFrames: z.int().nonnegative().default(40),
      featureMasks: z.int().nonnegative().default(4),
      featureMaskDims: z.int().nonnegative().default(50),
    })
    .optional(),
  /** Decodes test with an n-gram model; the defaults are SUPERB's. */
  lm: z
    .strictObject({
      /** ARPA file, plain or .gz. */
      arpa: z.string().min(1),
      /** A word and its tokens a line (default: the model's words, letter by letter). */
      lexicon: z.string().min(1).optional(),
      weight: z.number().default(2),
      wordScore: z.number().default(-1),
      beam: count.default(5),
      beamThreshold: z.number().positive().default(25),
    })
    .optional(),
  /** How frames are kept on disk. */
  frameType: z.enum(storedTypes).default('float16'),
});

export type PooledSettings = z.infer<typeof pooledSettingsSchema>;
export type CtcSettings = z.infer<typeof ctcSettingsSchema>;

/**
 * Settings with the defaults filled in.
 * @throws UserError naming the setting that is wrong
 */
export function parseSettings<T>(schema: z.ZodType<T>, settings: unknown, place: string): T {
  const parsed = schema.safeParse(settings ?? {});
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'settings'}: ${message}`,
  );
  throw new UserError(`the settings of ${place} are wrong: ${complaints.join('; ')}`, {
    mend: 'Correct or remove them',
  });
}
