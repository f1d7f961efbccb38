/** @file What a suite may set about training pooled heads, with defaults for corpora of the mini suite's size. */
import { z } from 'zod';

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
  /** Means over time are brought to zero mean over train, and to unit variance over a hidden state's dimensions together (default: no). */
  standardize: z.boolean().optional(),
  /** Dev looks at, and training keeps, the mean of the weights at so many last looks (default: the weights as they are). */
  averagedLooks: count.min(2).optional(),
  /** `epochs`: every utterance once an epoch. `balanced`: every draw a class, then an utterance of it. */
  drawing: z.enum(['epochs', 'balanced']).default('epochs'),
  /**
   * What dev decides by. `utterances` (default): the metric and the loss over them. `classes`: their means over the
   * classes, each over its own utterances.
   */
  devOver: z.enum(['utterances', 'classes']).optional(),
  /** Which of two checkpoints is kept that dev finds equally good: that of the lower `loss` (default), or the `first`. */
  ties: z.enum(['loss', 'first']).optional(),
  /** Outputs of a classifier, where the train split has fewer classes: the others are never right (SUPERB SID: 1251). */
  outputs: count.optional(),
  /** Crops in place of longer utterances; the task says of which. An epoch takes one of each, in turn. */
  crops: z
    .strictObject({
      seconds: z.number().positive(),
      perUtterance: count.default(4),
      /** The same for every seed of the heads, so that features are made once. */
      seed: z.int().default(1337),
    })
    .optional(),
});

export type PooledSettings = z.infer<typeof pooledSettingsSchema>;

/** Of s3prl's recipes (downstream/{speech_commands,voxceleb1,fluent_commands}): constant rate, fixed updates. */
const superb = {
  projectionSize: 256,
  batchSize: 32,
  learningRates: [1e-4],
  maximumUpdates: 200_000,
  evaluateEvery: 5000,
  patience: 0,
  ties: 'first',
  gradientClip: 1,
} satisfies Partial<z.input<typeof pooledSettingsSchema>>;

/** What presets set in place of the defaults. */
export const pooledPresets = { clean: { standardize: true, averagedLooks: 10 }, superb };
