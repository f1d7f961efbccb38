/** @file The settings of a pre-training run, and its presets. */
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { ehmamSchema, encoderPreset } from '../encoders/families/ehmam-config.js';
import { maskDefaults } from './masking/index.js';

const positive = z.number().int().positive();

export const pretrainSchema = z
  .object({
    encoder: ehmamSchema,
    masking: z
      .object({
        strategy: z.string(),
        probability: z.number().gt(0).max(1),
        span: positive,
        epochs: positive,
        capFrom: z.number().min(0).max(1),
        shareCap: z.number().min(0).max(1),
        /** Runs of before this setting have none written. */
        adjust: z.number().min(0).default(maskDefaults.adjust),
        /** Deviation of the noise that stands where frames were masked. */
        noise: z.number().min(0),
      })
      .strict(),
    batch: z
      .object({
        /** Crops that are computed together. */
        size: positive,
        /** Batches whose gradients make an update together (default: one); no setting of runs of before it. */
        accumulate: positive.optional(),
        /** Lengths of crops; each step takes one of them. */
        cropSeconds: z.array(z.number().positive()).min(1),
      })
      .strict(),
    optimizer: z
      .object({
        learningRate: z.number().positive(),
        warmupSteps: z.number().int().nonnegative(),
        steps: positive,
        beta1: z.number().min(0).lt(1),
        beta2: z.number().min(0).lt(1),
        epsilon: z.number().positive(),
        weightDecay: z.number().min(0),
        /** Largest gradient norm; 0: no clipping. */
        clipNorm: z.number().min(0),
        /** The learning rate after the warm-up (default: `cosine`, half a cosine down). */
        schedule: z.enum(['cosine', 'constant']).optional(),
        /** The share of the peak that a cosine ends at (default: 0). */
        endShare: z.number().min(0).max(1).optional(),
      })
      .strict(),
    teacher: z
      .object({
        decay: z.number().min(0).max(1),
        endDecay: z.number().min(0).max(1),
        annealSteps: positive,
        /** How far back the average looks, as a share of the run, in the place of the three before it. */
        memory: z
          .object({
            start: z.number().positive(),
            end: z.number().positive(),
            /** The share of the run after which it is at its end. */
            until: z.number().gt(0).max(1).default(1),
          })
          .strict()
          .optional(),
        topBlocks: positive,
        /** Shared blocks whose outputs make the targets, counted from 0, in the place of the last `topBlocks`. */
        blocks: z.array(z.number().int().nonnegative()).min(1).optional(),
        /** How a block's outputs are normalised (default: `instance`, each channel over an utterance's time). */
        normalization: z.enum(['instance', 'layer', 'none']).optional(),
        /** Weight of the utterance's mean, which normalisation takes away, beside the targets (default: 0). */
        ownMean: z.number().min(0).optional(),
      })
      .strict(),
    /** Weight and form of the ranking loss. */
    ranking: z.object({ weight: z.number().min(0), form: z.enum(['mean', 'sum']) }).strict(),
    /** What predicts the loss that masks are chosen by; as released where nothing is said. */
    predictor: z
      .object({
        /** Its weights: the student's moving average, or the student's as they are. */
        weights: z.enum(['averaged', 'student']).default('averaged'),
        /** What of the teacher it reads: its targets, or its encoder's output. */
        reads: z.enum(['targets', 'encoder']).default('targets'),
        /** What it is trained on: the decoder's input, or what it reads of the teacher. */
        learnsFrom: z.enum(['student', 'teacher']).default('student'),
      })
      .strict()
      .optional(),
    /** A loss for every channel of the encoder's output that deviates less than `floor` over the frames of a batch. */
    variance: z
      .object({ weight: z.number().min(0), floor: z.number().positive().default(0.5) })
      .strict()
      .optional(),
    /** Training stops when variances fall below these: both networks have collapsed. */
    collapse: z.object({ targetVariance: z.number().min(0), predictionVariance: z.number().min(0) }).strict(),
    seed: z.number().int(),
    checkpointEvery: positive,
    keepCheckpoints: positive,
  })
  .strict()
  .superRefine(({ teacher, encoder }, context) => {
    const { width, blocks, decoder } = encoder;
    if (teacher.topBlocks > blocks) {
      const message = `expected at most ${blocks}, the number of shared blocks`;
      context.addIssue({ code: 'custom', path: ['teacher', 'topBlocks'], message });
    }
    const beyond = teacher.blocks?.findIndex((block) => block >= blocks) ?? -1;
    if (beyond >= 0) {
      const message = `expected less than ${blocks}, the number of shared blocks`;
      context.addIssue({ code: 'custom', path: ['teacher', 'blocks', beyond], message });
    }
    const undivided = [width, decoder.width].find((each) => each % decoder.groups !== 0);
    if (undivided !== undefined) {
      const message = `the width ${undivided} is not a multiple of ${decoder.groups}`;
      context.addIssue({ code: 'custom', path: ['encoder', 'decoder', 'groups'], message });
    }
  });

export type PretrainConfig = z.infer<typeof pretrainSchema>;

/** What the teacher's targets are made of. */
export type TargetSettings = Pick<
  PretrainConfig['teacher'],
  'topBlocks' | 'blocks' | 'normalization' | 'ownMean'
>;

export type PredictorSettings = Required<NonNullable<PretrainConfig['predictor']>>;

/** The released predictor: a moving average that reads targets, trained on the decoder's input. */
const releasedPredictor: PredictorSettings = { weights: 'averaged', reads: 'targets', learnsFrom: 'student' };

export const predictorOf = ({ predictor = releasedPredictor }: Pick<PretrainConfig, 'predictor'>) =>
  predictor;

/** The released configuration. */
const base: PretrainConfig = {
  encoder: encoderPreset('base'),
  masking: { strategy: 'easy-to-hard', ...maskDefaults, noise: 0.01 },
  batch: { size: 8, cropSeconds: [7.75] },
  optimizer: {
    learningRate: 7.5e-4,
    warmupSteps: 8000,
    steps: 400_000,
    beta1: 0.9,
    beta2: 0.98,
    epsilon: 1e-6,
    weightDecay: 0.01,
    clipNorm: 0,
  },
  teacher: { decay: 0.999, endDecay: 0.99999, annealSteps: 75_000, topBlocks: 8 },
  ranking: { weight: 1, form: 'mean' },
  collapse: { targetVariance: 0.1, predictionVariance: 0.01 },
  seed: 1,
  checkpointEvery: 1000,
  keepCheckpoints: 2,
};

/** For one machine: a quarter of base's seconds of audio an update, an eighth of its updates. */
const small: PretrainConfig = {
  ...base,
  encoder: encoderPreset('small'),
  batch: { size: 4, cropSeconds: [3, 4, 5] },
  optimizer: { ...base.optimizer, warmupSteps: 1000, steps: 50_000 },
  teacher: { decay: 0.999, endDecay: 0.9999, annealSteps: 10_000, topBlocks: 4 },
  checkpointEvery: 500,
};

/** What two cores pre-train in minutes. */
const tiny: PretrainConfig = {
  ...base,
  encoder: encoderPreset('tiny'),
  batch: { size: 16, cropSeconds: [1.2, 1.6, 2.0] },
  optimizer: { ...base.optimizer, learningRate: 2e-3, warmupSteps: 50, steps: 600 },
  teacher: { decay: 0.999, endDecay: 0.9999, annealSteps: 600, topBlocks: 3 },
  checkpointEvery: 200,
};

export const pretrainPresets: Readonly<Record<string, PretrainConfig>> = { base, small, tiny };

/** @throws UserError listing the presets when there is none of that name */
export function pretrainPreset(name: string): PretrainConfig {
  const preset = pretrainPresets[name];
  if (preset !== undefined) return preset;
  throw new UserError(`unknown preset '${name}'`, {
    hint: `Presets: ${Object.keys(pretrainPresets).join(', ')}`,
  });
}

/** Crops of an update: those of all its batches. */
export const cropsOf = ({ size, accumulate = 1 }: PretrainConfig['batch']): number => size * accumulate;

/** The same run in another number of updates: warm-up and annealing keep their shares of it. */
export function withSteps(config: PretrainConfig, steps: number): PretrainConfig {
  const { optimizer, teacher } = config;
  const scaled = (length: number): number => Math.round((length * steps) / optimizer.steps);
  return {
    ...config,
    optimizer: { ...optimizer, steps, warmupSteps: scaled(optimizer.warmupSteps) },
    teacher: { ...teacher, annealSteps: Math.max(1, scaled(teacher.annealSteps)) },
  };
}
