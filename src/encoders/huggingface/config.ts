/** @file Settings that the speech encoders of the Hugging Face hub share, under our names. */
import { z } from 'zod';

const positive = z.int().positive();

/** Bounds on sizes: beyond every encoder there is, and small enough that a damaged file cannot ask for years of work. */
const largestWidth = 65_536;
const mostBlocks = 1024;
const mostConvolutions = 64;

const width = positive.max(largestWidth);

const rate = z.number().min(0).max(1);

/** What schemas of families judge sizes and rates by. */
export const bounds = { width, blocks: positive.max(mostBlocks), rate } as const;

/** transformers' defaults. They act in training alone. */
const usualDropout = { projection: 0, hidden: 0.1, attention: 0.1, activation: 0.1, layer: 0.1 } as const;

/** What turns samples into frames. */
export const frontendSettings = {
  /** Width, taps and stride of every convolution over the waveform. */
  convolutions: z
    .array(z.tuple([width, width, width]))
    .min(1)
    .max(mostConvolutions),
  convBias: z.boolean(),
  /** `group`: the first convolution's channels over time, the others' not at all. `layer`: channels of every frame. */
  convNorm: z.enum(['group', 'layer']),
  normalizeWaveform: z.boolean(),
  /** What is added to the variance then, where it is not transformers' 1e-7. */
  waveformEpsilon: z.number().positive().optional(),
} as const;

/** What wav2vec 2.0, HuBERT, WavLM and data2vec share; each family adds its own. */
export const speechSettings = {
  ...frontendSettings,
  width,
  heads: width,
  mlpWidth: width,
  blocks: bounds.blocks,
  /** Norms before attention and MLP ("stable layer norm"), with one more after the last block. */
  normFirst: z.boolean(),
  normEpsilon: z.number().positive(),
  /** The convolution that gives frames their relative position. */
  position: z.strictObject({ kernel: width, groups: width }),
  /** Rates of dropout: of projected frames; of what joins the residual; of attention weights; in MLPs; of whole blocks. */
  dropout: z
    .strictObject({ projection: rate, hidden: rate, attention: rate, activation: rate, layer: rate })
    .default(usualDropout),
} as const;

export type SpeechConfig = z.infer<z.ZodObject<typeof speechSettings>>;

/** The schema of a family: the shared settings and its own; heads and groups must divide the width. */
export function speechSchema<Config extends SpeechConfig>(own: z.ZodRawShape): z.ZodType<Config> {
  const schema = z.strictObject({ ...speechSettings, ...own }).superRefine((checked, context) => {
    const { width: all, heads, position } = checked as unknown as SpeechConfig;
    const parts = [
      [['heads'], heads],
      [['position', 'groups'], position.groups],
    ] as const;
    for (const [path, count] of parts) {
      if (all % count === 0) continue;
      context.addIssue({
        code: 'custom',
        path: [...path],
        message: `expected a divisor of the width ${all}`,
      });
    }
  });
  return schema as unknown as z.ZodType<Config>;
}

/** Samples from one frame to the next. */
export function hopOf({ convolutions }: Pick<SpeechConfig, 'convolutions'>): number {
  return convolutions.reduce((hop, [, , stride]) => hop * stride, 1);
}

/** Fewest samples that give one frame. */
export function fewestSamples({ convolutions }: Pick<SpeechConfig, 'convolutions'>): number {
  return [...convolutions].reverse().reduce((samples, [, taps, stride]) => (samples - 1) * stride + taps, 1);
}
