/** @file The two ways of training heads: `clean`, ours, and `superb`, with the reference's numbers. */
import type { PresetName } from '../api/presets.js';
import type { Head } from '../api/task.js';

/** Of s3prl's recipes (downstream/{speech_commands,voxceleb1,fluent_commands}): constant rate, fixed updates. */
const superbPooled = {
  projectionSize: 256,
  batchSize: 32,
  learningRates: [1e-4],
  maximumUpdates: 200_000,
  evaluateEvery: 5000,
  patience: 0,
  gradientClip: 1,
};

/**
 * Of s3prl's downstream/asr. Kept quirk: its batches of 32 are halved before they are seen.
 * Frames stay as the encoder gives them: neither joined nor standardised.
 */
const superbCtc = {
  projectionSize: 1024,
  lstmLayers: 2,
  lstmSize: 1024,
  dropout: 0.2,
  stepSamples: 0,
  standardize: false,
  batchSize: 16,
  learningRates: [1e-4],
  schedule: 'constant',
  maximumUpdates: 200_000,
  evaluateEvery: 2000,
  patience: 0,
  gradientClip: 1,
  specAugment: {},
};

/** What a preset sets; everything else is the settings' own default, which is `clean`. */
export function presetSettings(preset: PresetName, kind: Head['kind']): Readonly<Record<string, unknown>> {
  if (preset === 'clean') return {};
  return kind === 'pooled-linear' ? superbPooled : superbCtc;
}

/** The rates that `search` tries: SUPERB's one freedom. */
export const searchedRates: readonly number[] = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];
