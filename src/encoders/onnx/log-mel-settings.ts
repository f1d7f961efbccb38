/** @file Log-mel front ends by settings: Whisper's, Kaldi's and librosa's have names. */
import { z } from 'zod';

const count = z.number().int().min(1).max(1_000_000);

export const logMelSchema = z.strictObject({
  bins: z.number().int().min(1).max(1024),
  windowSamples: z.number().int().min(2).max(4096),
  hopSamples: count,
  fourierSize: z.number().int().min(2).max(4096),
  /** `povey` is Kaldi's; `hann` and `hamming` are periodic as torch's, the other two end where they began. */
  window: z.enum(['hann', 'hamming', 'hann-symmetric', 'hamming-symmetric', 'povey', 'rectangular']),
  /** Frames lie around multiples of the hop: half a transform of the signal's mirror image, or of zeros, stands at either end. */
  centre: z.enum(['no', 'reflect', 'zeros']),
  /** Whether the mean of a frame is taken away first. */
  removeMean: z.boolean(),
  preemphasis: z.number().min(0).max(1),
  power: z.union([z.literal(1), z.literal(2)]),
  /** `slaney` and `htk`: triangles over frequency. `kaldi`: over mel. */
  mel: z.enum(['slaney', 'htk', 'kaldi']),
  /** Whether triangles have one area. */
  filterArea: z.boolean(),
  lowHz: z.number().min(0).max(192_000),
  /** 0: half the sample rate. */
  highHz: z.number().min(0).max(192_000),
  log: z.enum(['none', 'ln', 'log10', 'decibels']),
  /** Energies below it count as it (before the logarithm). */
  floor: z.number().min(0).max(1),
  /** Values further than this below the largest of the input count as that; 0: no bound. */
  dynamicRange: z.number().min(0).max(1000),
  scale: z.number(),
  shift: z.number(),
  /** Whether every bin is brought to zero mean and unit variance over the input's frames. */
  normalizeBins: z.boolean(),
  /** Whether the last frame is left out. */
  dropLast: z.boolean(),
});

export type LogMelSettings = z.infer<typeof logMelSchema>;

const common = {
  windowSamples: 400,
  hopSamples: 160,
  removeMean: false,
  preemphasis: 0,
  power: 2,
  lowHz: 0,
  highHz: 0,
  dynamicRange: 0,
  scale: 1,
  shift: 0,
  normalizeBins: false,
  dropLast: false,
} as const;

export const logMelPresets = {
  /** openai/whisper, audio.py: log_mel_spectrogram. */
  whisper: {
    ...common,
    bins: 80,
    fourierSize: 400,
    window: 'hann',
    centre: 'reflect',
    mel: 'slaney',
    filterArea: true,
    log: 'log10',
    floor: 1e-10,
    dynamicRange: 8,
    scale: 0.25,
    shift: 1,
    dropLast: true,
  },
  /** Kaldi's compute-fbank-feats without dither, of samples between -1 and 1. */
  kaldi: {
    ...common,
    bins: 80,
    fourierSize: 512,
    window: 'povey',
    centre: 'no',
    removeMean: true,
    preemphasis: 0.97,
    mel: 'kaldi',
    filterArea: false,
    lowHz: 20,
    log: 'ln',
    floor: 1.1920928955078125e-7,
  },
  /** librosa.feature.melspectrogram (0.10 and newer): powers, no logarithm. */
  librosa: {
    ...common,
    bins: 128,
    windowSamples: 2048,
    hopSamples: 512,
    fourierSize: 2048,
    window: 'hann',
    centre: 'zeros',
    mel: 'slaney',
    filterArea: true,
    log: 'none',
    floor: 0,
  },
} as const satisfies Record<string, LogMelSettings>;
