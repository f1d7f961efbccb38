/** @file The head kind `pooled-linear`: one class or several of a whole utterance, from means over time. */
import type { HeadKind } from '../../api/head-kind.js';
import type { PooledSpec } from '../../api/head-spec.js';
import { classified } from './classified.js';
import { type PooledStored, pooledForward, pooledStoredSchema } from './model.js';
import { type PooledSettings, pooledPresets, pooledSettingsSchema } from './settings.js';
import { trainLayers, trainPooledHeads } from './training.js';

export const pooledLinear: HeadKind<PooledSpec, PooledSettings, PooledStored> = {
  kind: 'pooled-linear',
  about:
    'for classes of utterances: weighted layer sum, Linear, mean over time, and a Linear classifier per column',
  settings: pooledSettingsSchema,
  presets: pooledPresets,
  // The first one did neither standardise nor average.
  editions: { clean: 2 },
  reads: () => ({ store: 'pooled' }),
  crops: ({ crops }) => crops,
  seedsTogether: true,
  // A unit is a head: a seed at a rate.
  cost: ({ learningRates }, seeds) => ({ work: learningRates.length * seeds, secondsPerUnit: 1.5 }),
  train: (work, { slots }, settings, seeds) => trainPooledHeads(work, slots, settings, seeds),
  trainLayers: (work, { slots }, settings, seeds) => trainLayers(work, slots, settings, seeds),
  predict: classified,
  classes: ({ slots }) => Object.fromEntries(slots.map(({ column, classes }) => [column, classes])),
  stored: pooledStoredSchema,
  forward: pooledForward,
};
