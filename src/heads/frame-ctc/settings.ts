/** @file What a suite may set about training recognition heads, with defaults for corpora of the mini suite's size. */
import { z } from 'zod';
import { storedTypes } from '../../features/shards.js';

const count = z.int().positive();
const rates = z.array(z.number().positive()).min(1);

export const ctcSettingsSchema = z.strictObject({
  /** Width that each frame is projected to before the BLSTM (SUPERB: 1024). */
  projectionSize: count.default(128),
  /** 0: no recurrence, the Linear over tokens takes the projected frames (SUPERB's PR). */
  lstmLayers: z.int().nonnegative().default(1),
  /** Width of each direction (SUPERB: 1024). */
  lstmSize: count.default(128),
  dropout: z.number().min(0).lt(1).default(0.2),
  /** Samples that one step of the BLSTM covers: so many frames are joined. 0 joins none. */
  stepSamples: z.int().nonnegative().default(320),
  /** Brings every dimension of every hidden state to zero mean and unit variance over the train split first. */
  standardize: z.boolean().default(true),
  batchSize: count.default(8),
  /** Batches whose gradients make one update together, as their mean (default: one). */
  accumulation: count.optional(),
  learningRates: rates.default([3e-3]),
  /** `constant` as in SUPERB; `linear` goes to zero at the last update. */
  schedule: z.enum(['constant', 'linear']).default('linear'),
  maximumUpdates: count.default(1000),
  /** Updates between evaluations on dev; 0 for once an epoch. */
  evaluateEvery: z.int().nonnegative().default(0),
  patience: z.int().nonnegative().default(10),
  gradientClip: z.number().positive().default(1),
  /** Tokens behind every target, which count in its length (default: none); texts are read without them. */
  endTokens: z.array(z.string()).optional(),
  /**
   * How utterances come together. `lengths` (default): others in every epoch, of similar lengths. `halves`: by falling
   * length once for all, in groups of twice the batch size that are cut in two; the last group stays whole, and one of a
   * single utterance is left out. `buckets`: those that follow each other by falling length of their texts, from each place
   * on, so that an utterance comes as often in an epoch as a batch is large.
   */
  batches: z.enum(['lengths', 'halves', 'buckets']).optional(),
  /** Which of two checkpoints is kept that dev finds equally good: that of the lower `loss` (default), or the `first`. */
  ties: z.enum(['loss', 'first']).optional(),
  /** The metric on dev that a head must beat to be kept at all (default: none). */
  keptBeyond: z.number().optional(),
  /** Time warp and masks over time and features of the layer sum, as s3prl's downstream/specaug.py (Park et al. 2019). */
  specAugment: z
    .strictObject({
      /** Frames that a place in the utterance may be moved by; 0 moves none. */
      timeWarpWindow: z.int().nonnegative().default(5),
      timeMasks: z.int().nonnegative().default(2),
      /** A mask is narrower than this: 0 to 39 frames. */
      timeMaskFrames: z.int().nonnegative().default(40),
      featureMasks: z.int().nonnegative().default(4),
      /** A mask is narrower than this: 0 to 49 dimensions. */
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

export type CtcSettings = z.infer<typeof ctcSettingsSchema>;

/**
 * Of s3prl's downstream/asr. Kept quirks: its groups of 32 are fixed and halved; a text ends in `|` and `</s>`, which are
 * labels; a checkpoint with a word error rate of 100 % is none. Frames stay as the encoder gives them: neither joined nor
 * standardised.
 */
const superb = {
  projectionSize: 1024,
  lstmLayers: 2,
  lstmSize: 1024,
  dropout: 0.2,
  stepSamples: 0,
  standardize: false,
  batchSize: 16,
  batches: 'halves',
  ties: 'first',
  learningRates: [1e-4],
  schedule: 'constant',
  maximumUpdates: 200_000,
  evaluateEvery: 2000,
  patience: 0,
  gradientClip: 1,
  specAugment: {},
} satisfies Partial<z.input<typeof ctcSettingsSchema>>;

/** What presets set in place of the defaults, which are `clean`. */
export const ctcPresets = { superb };
