/** @file The settings of the EH-MAM / data2vec 2.0 encoder, and its presets. */
import { z } from 'zod';
import { UserError } from '../../base/errors.js';

/** Beyond every encoder there is, and few enough that a damaged file cannot ask for years of work. */
const largestWidth = 65_536;
const mostLayers = 1024;

const positive = z.number().int().positive().max(largestWidth);
const layerCount = positive.max(mostLayers);
const rate = z.number().min(0).max(1);

export const ehmamSchema = z
  .object({
    family: z.literal('ehmam'),
    /** What turns samples into frames: the paper's convolutions, or log-mel energies (the MelHuBERT idea). */
    frontend: z.discriminatedUnion('type', [
      z
        .object({
          type: z.literal('conv'),
          layers: z
            .array(z.tuple([positive, positive, positive]))
            .min(1)
            .max(mostLayers),
        })
        .strict(),
      z.object({ type: z.literal('mel'), bins: positive, stack: positive }).strict(),
    ]),
    normalizeWaveform: z.boolean(),
    width: positive,
    heads: positive,
    mlpRatio: z.number().positive(),
    /** Blocks of the context encoder ('prenet'), then the blocks whose MLPs are targets. */
    prenetBlocks: z.number().int().nonnegative().max(mostLayers),
    blocks: layerCount,
    normFirst: z.boolean(),
    normEpsilon: z.number().positive(),
    position: z.object({ kernel: positive, layers: layerCount, groups: positive }).strict(),
    decoder: z.object({ width: positive, groups: positive, kernel: positive, layers: layerCount }).strict(),
    dropout: z
      .object({
        attention: rate,
        encoder: rate,
        activation: rate,
        afterMlp: rate,
        decoderInput: rate,
        prenet: rate,
        layer: rate,
      })
      .strict(),
  })
  .strict()
  .superRefine(({ width, heads, position }, context) => {
    for (const [path, part] of [
      [['heads'], heads],
      [['position', 'groups'], position.groups],
    ] as const) {
      if (width % part === 0) continue;
      const message = `the width ${width} is not a multiple of ${part}`;
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  });

export type EhmamConfig = z.infer<typeof ehmamSchema>;

const paperDropout = {
  attention: 0.1,
  encoder: 0.1,
  activation: 0,
  afterMlp: 0.1,
  decoderInput: 0.1,
  prenet: 0.1,
  layer: 0.05,
} as const;

/** The released configuration: 94 M parameters. */
const base: EhmamConfig = {
  family: 'ehmam',
  frontend: {
    type: 'conv',
    layers: [
      [512, 10, 5],
      [512, 3, 2],
      [512, 3, 2],
      [512, 3, 2],
      [512, 3, 2],
      [512, 2, 2],
      [512, 2, 2],
    ],
  },
  normalizeWaveform: true,
  width: 768,
  heads: 12,
  mlpRatio: 4,
  prenetBlocks: 4,
  blocks: 8,
  normFirst: false,
  normEpsilon: 1e-5,
  position: { kernel: 19, layers: 5, groups: 16 },
  decoder: { width: 384, groups: 16, kernel: 7, layers: 4 },
  dropout: paperDropout,
};

/** Between the two: base's layout at half its width and half its blocks, a seventh of its parameters. */
const small: EhmamConfig = {
  ...base,
  frontend: {
    type: 'conv',
    layers: [
      [256, 10, 5],
      [256, 3, 2],
      [256, 3, 2],
      [256, 3, 2],
      [256, 3, 2],
      [256, 2, 2],
      [256, 2, 2],
    ],
  },
  width: 384,
  heads: 6,
  prenetBlocks: 2,
  blocks: 4,
  position: { kernel: 19, layers: 3, groups: 16 },
  decoder: { width: 192, groups: 16, kernel: 7, layers: 3 },
};

/** What two cores can pre-train in minutes: log-mel frames of 20 ms, 1.1 M parameters. */
const tiny: EhmamConfig = {
  ...base,
  frontend: { type: 'mel', bins: 80, stack: 2 },
  width: 144,
  heads: 4,
  prenetBlocks: 1,
  blocks: 3,
  position: { kernel: 19, layers: 2, groups: 16 },
  decoder: { width: 96, groups: 16, kernel: 7, layers: 3 },
  dropout: { attention: 0, encoder: 0, activation: 0, afterMlp: 0, decoderInput: 0, prenet: 0, layer: 0 },
};

export const encoderPresets: Readonly<Record<string, EhmamConfig>> = { base, small, tiny };

/** @throws UserError listing the presets when there is none of that name */
export function encoderPreset(name: string): EhmamConfig {
  const preset = encoderPresets[name];
  if (preset !== undefined) return preset;
  throw new UserError(`unknown preset '${name}'`, {
    hint: `Presets: ${Object.keys(encoderPresets).join(', ')}`,
  });
}
