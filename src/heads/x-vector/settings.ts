/** @file What a suite may set about training x-vector heads, with defaults for corpora of the mini suite's size. */
import { z } from 'zod';
import { storedTypes } from '../../features/shards.js';
import { trainingFields } from '../../training/heads.js';

const count = z.int().positive();

export const xVectorSettingsSchema = z.strictObject({
  ...trainingFields,
  /** Width of the layers over frames and of the embedding (SUPERB: 512). */
  width: count.default(128),
  /** Width of what statistics are taken of (SUPERB: 1500). */
  pooledWidth: count.default(256),
  /** Of AM-softmax. */
  scale: z.number().positive().default(30),
  margin: z.number().min(0).lt(2).default(0.4),
  /** AdamW's, on every parameter. */
  weightDecay: z.number().min(0).default(0.01),
  batchSize: count.default(10),
  /** Batches that make an update together. */
  accumulation: count.default(1),
  learningRates: z.array(z.number().positive()).min(1).default([1e-3]),
  maximumUpdates: count.default(400),
  evaluateEvery: z.int().nonnegative().default(50),
  gradientClip: z.number().positive().default(1000),
  /** Frames of an utterance that training sees at once, at a place drawn anew each time. */
  cropSeconds: z.number().positive().default(8),
  /** Train utterances with less audio are left out. */
  leastSeconds: z.number().min(0).default(0),
  /** Cuts longer train utterances before the encoder, so that it does not hear the rest (for tasks that do). */
  crops: z
    .strictObject({
      seconds: z.number().positive().default(8),
      perUtterance: count.default(4),
      seed: z.int().nonnegative().default(0),
    })
    .optional(),
  /** The split whose trials choose checkpoint and rate. */
  chooseOn: z.enum(['dev', 'test']).default('dev'),
  /** How frames are kept on disk. */
  frameType: z.enum(storedTypes).default('float16'),
});

export type XVectorSettings = z.infer<typeof xVectorSettingsSchema>;

/**
 * Of s3prl's downstream/sv_voxceleb1. Kept quirk: of the checkpoints at 20,000, 40,000 ... updates, the one with the lowest
 * error on test is reported (test_expdir.sh).
 */
const superb = {
  width: 512,
  pooledWidth: 1500,
  batchSize: 10,
  accumulation: 5,
  learningRates: [1e-4],
  maximumUpdates: 200_000,
  evaluateEvery: 20_000,
  patience: 0,
  ties: 'first',
  gradientClip: 1000,
  leastSeconds: 2,
  crops: {},
  chooseOn: 'test',
} satisfies z.input<typeof xVectorSettingsSchema>;

/** What presets set in place of the defaults, which are `clean`. */
export const xVectorPresets = { superb };
