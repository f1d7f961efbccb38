/** @file What a suite may set about training diarisation heads, with defaults for corpora of the mini suite's size. */
import { z } from 'zod';
import { storedTypes } from '../../features/shards.js';
import { trainingFields } from '../../training/heads.js';

const count = z.int().positive();

export const activitySettingsSchema = z.strictObject({
  ...trainingFields,
  /** SUPERB: 512. */
  lstmSize: count.default(128),
  batchSize: count.default(8),
  /** Batches that make an update together. */
  accumulation: count.default(1),
  learningRates: z.array(z.number().positive()).min(1).default([3e-3]),
  maximumUpdates: count.default(400),
  evaluateEvery: z.int().nonnegative().default(50),
  /** Recordings are cut into pieces of so many frames, at which the LSTM begins anew. */
  pieceFrames: count.default(2000),
  /** Whether a turn that begins before a piece and ends behind it has no label in it, as in s3prl. */
  losesLongTurns: z.boolean().default(false),
  /** Above which probability a speaker speaks, and the frames of the median filter behind it: the best of all is taken. */
  thresholds: z.array(z.number().gt(0).lt(1)).min(1).default([0.3, 0.4, 0.5, 0.6, 0.7]),
  medianFrames: z
    .array(count.refine((frames) => frames % 2 === 1, 'expected an odd number'))
    .min(1)
    .default([1, 11]),
  /** The split that chooses threshold and filter. */
  chooseOn: z.enum(['dev', 'test']).default('dev'),
  /** What chooses checkpoint and rate on dev: the task's metric, or the share of wrong frames. */
  chooseBy: z.enum(['metric', 'frames']).default('metric'),
  /** How frames are kept on disk. */
  frameType: z.enum(storedTypes).default('float16'),
});

export type ActivitySettings = z.infer<typeof activitySettingsSchema>;

/**
 * Of s3prl's downstream/diarization. Kept quirks: frames choose the checkpoint; of ten thresholds and filters, the lowest error
 * on test is reported (score.sh); a turn longer than a piece has no label in it.
 */
const superb = {
  lstmSize: 512,
  batchSize: 8,
  accumulation: 4,
  learningRates: [1e-4],
  maximumUpdates: 30_000,
  evaluateEvery: 500,
  patience: 0,
  ties: 'first',
  gradientClip: 1,
  losesLongTurns: true,
  chooseOn: 'test',
  chooseBy: 'frames',
} satisfies z.input<typeof activitySettingsSchema>;

/** What presets set in place of the defaults, which are `clean`. */
export const activityPresets = { superb };
