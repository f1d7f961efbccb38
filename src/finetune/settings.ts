/** @file The settings of fine-tuning, and its presets: fairseq's examples/wav2vec/config/finetuning/base_*.yaml. */
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import type { ProviderName } from '../engine/engine.js';

const count = z.int().positive();
const rate = z.number().min(0).max(1);

export const finetuneSchema = z.strictObject({
  updates: count,
  /** The peak. */
  learningRate: z.number().positive(),
  /** Shares of the updates, and of the peak where the rate starts and ends (fairseq's tri_stage). */
  schedule: z
    .strictObject({
      warmUp: rate,
      hold: rate,
      decay: rate,
      startScale: rate,
      endScale: z.number().positive().max(1),
    })
    .refine(({ warmUp, hold, decay }) => Math.abs(warmUp + hold + decay - 1) < 1e-9, {
      error: 'warmUp, hold and decay must sum to 1',
    }),
  /** Updates in which the output layer alone is trained. */
  frozenUpdates: z.int().nonnegative(),
  masking: z.strictObject({
    /** Spans of frames, so many that they would cover this share if none overlapped. */
    time: z.strictObject({ probability: rate, span: count }),
    /** The same of channels, which are set to zero. */
    channels: z.strictObject({ probability: rate, span: count }),
    /** Deviation of the noise that stands where frames were masked, of families that are masked with noise. */
    noise: z.number().min(0),
  }),
  /** Rates: of whole blocks, inside MLPs, of attention weights, of what joins the residual, before the output layer. */
  dropout: z.strictObject({ layer: rate, activation: rate, attention: rate, hidden: rate, output: rate }),
  batch: z.strictObject({
    /** Samples of a batch at most, padding counted; an utterance that is longer is a batch of its own. */
    samples: count,
    /** Of a batch of more utterances than this, as many as are a multiple of it. */
    multiple: count,
    /** Batches whose gradients make one update, at most; an update ends with its epoch. */
    accumulation: count,
    /**
     * Samples that are computed at a time, padding counted: less takes less memory, and the result is the same (default: 20 s on
     * a processor, whole batches elsewhere).
     */
    samplesAtOnce: count.optional(),
  }),
  optimizer: z.strictObject({
    beta1: rate.lt(1),
    beta2: rate.lt(1),
    epsilon: z.number().positive(),
    weightDecay: z.number().min(0),
    /** Largest gradient norm; 0: no clipping. */
    clipNorm: z.number().min(0),
  }),
  /** When dev is recognised: not before update `from`, then every so many updates or epochs (0: not so), and at the end. */
  dev: z.strictObject({
    from: z.int().nonnegative(),
    everyUpdates: z.int().nonnegative(),
    everyEpochs: z.int().nonnegative(),
  }),
  /** `reference`: the 32 of fairseq's dict.ltr.txt; `text`: those of the training text; `auto`: the first where they suffice. */
  alphabet: z.enum(['auto', 'reference', 'text']),
  seed: z.int().nonnegative(),
});

export type FinetuneSettings = z.infer<typeof finetuneSchema>;

const samplesOnProcessor = 320_000;

/** How many samples are computed at a time. */
export function samplesAtOnce({ batch }: FinetuneSettings, provider: ProviderName): number {
  return batch.samplesAtOnce ?? (provider === 'cpu' ? samplesOnProcessor : batch.samples);
}

const tenMinutes: FinetuneSettings = {
  updates: 13_000,
  learningRate: 5e-5,
  schedule: { warmUp: 0.1, hold: 0.4, decay: 0.5, startScale: 0.01, endScale: 0.05 },
  frozenUpdates: 10_000,
  masking: {
    time: { probability: 0.65, span: 10 },
    channels: { probability: 0.25, span: 64 },
    noise: 0.01,
  },
  dropout: { layer: 0.1, activation: 0.1, attention: 0, hidden: 0, output: 0 },
  // Two GPUs with update_freq 4 are eight batches an update.
  batch: { samples: 3_200_000, multiple: 8, accumulation: 8 },
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0, clipNorm: 0 },
  dev: { from: 10_000, everyUpdates: 50, everyEpochs: 0 },
  alphabet: 'auto',
  seed: 1,
};

const oneHour: FinetuneSettings = { ...tenMinutes, dev: { ...tenMinutes.dev, everyUpdates: 1000 } };

const halfOfTheChannels = {
  ...tenMinutes.masking,
  channels: { ...tenMinutes.masking.channels, probability: 0.5 },
};

const tenHours: FinetuneSettings = {
  ...tenMinutes,
  updates: 20_000,
  masking: halfOfTheChannels,
  dropout: { ...tenMinutes.dropout, layer: 0.05 },
  dev: { from: 10_000, everyUpdates: 10_000, everyEpochs: 50 },
};

const hundredHours: FinetuneSettings = {
  ...tenMinutes,
  updates: 80_000,
  learningRate: 3e-5,
  frozenUpdates: 0,
  masking: halfOfTheChannels,
  dev: { from: 0, everyUpdates: 0, everyEpochs: 1 },
};

/** By hours of labelled audio. */
export const finetunePresets: Readonly<Record<string, FinetuneSettings>> = {
  '10m': tenMinutes,
  '1h': oneHour,
  '10h': tenHours,
  '100h': hundredHours,
};

/** @throws UserError listing the presets when there is none of that name */
export function finetunePreset(name: string): FinetuneSettings {
  const preset = finetunePresets[name];
  if (preset !== undefined) return preset;
  throw new UserError(`unknown preset '${name}'`, {
    hint: `Expected one of: ${Object.keys(finetunePresets).join(', ')}`,
  });
}

/** The same training in another number of updates: the frozen ones and the looks at dev keep their places in it. */
export function withUpdates(settings: FinetuneSettings, updates: number): FinetuneSettings {
  const scaled = (value: number): number => Math.round((value * updates) / settings.updates);
  const { frozenUpdates, dev } = settings;
  return {
    ...settings,
    updates,
    frozenUpdates: scaled(frozenUpdates),
    dev: {
      ...dev,
      from: scaled(dev.from),
      everyUpdates: dev.everyUpdates === 0 ? 0 : Math.max(1, scaled(dev.everyUpdates)),
    },
  };
}
