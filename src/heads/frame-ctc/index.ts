/** @file The head kind `frame-ctc`: texts of utterances, token by token, from frames. */
import type { HeadKind } from '../../api/head-kind.js';
import type { CtcSpec } from '../../api/head-spec.js';
import { framesJoined, stepsOf } from './batches.js';
import { type CtcStored, ctcForward, ctcStoredSchema } from './model.js';
import { type CtcSettings, ctcPresets, ctcSettingsSchema } from './settings.js';
import { trainCtcHeads } from './training.js';
import { transcribed } from './transcribed.js';

export const frameCtc: HeadKind<CtcSpec, CtcSettings, CtcStored> = {
  kind: 'frame-ctc',
  about:
    'for texts: weighted layer sum, Linear, optional BLSTM layers, and a Linear layer over tokens, trained with CTC',
  settings: ctcSettingsSchema,
  presets: ctcPresets,
  reads: ({ frameType }) => ({ store: 'frames', type: frameType }),
  steps: ({ stepSamples }, frames, hopSamples) => stepsOf(frames, framesJoined(stepSamples, hopSamples)),
  files: [
    ['lm', 'arpa'],
    ['lm', 'lexicon'],
  ],
  seedsTogether: false,
  // A unit is a batch.
  cost: ({ learningRates, maximumUpdates, accumulation = 1 }, seeds) => ({
    work: learningRates.length * maximumUpdates * accumulation * seeds,
    secondsPerUnit: 0.06,
  }),
  train: trainCtcHeads,
  predict: transcribed,
  stored: ctcStoredSchema,
  forward: ctcForward,
  freeAxis: 'steps',
};
