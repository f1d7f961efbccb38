/** @file The head kind `x-vector`: an embedding an utterance, whose cosine says whether two are of one speaker. */
import type { HeadKind } from '../../api/head-kind.js';
import type { XVectorSpec } from '../../api/head-spec.js';
import { sampleRateHz } from '../../audio/index.js';
import { trialsScored } from './cosines.js';
import { fewestFrames, type XVectorStored, xVectorForward, xVectorStoredSchema } from './model.js';
import { type XVectorSettings, xVectorPresets, xVectorSettingsSchema } from './settings.js';
import { trainXVectors } from './training.js';

/** Most encoders' first frame. */
const windowSamples = 400;

export const xVector: HeadKind<XVectorSpec, XVectorSettings, XVectorStored> = {
  kind: 'x-vector',
  about:
    'for pairs of speakers: weighted layer sum, Linear, TDNN layers, mean and deviation over time, AM-softmax; cosine scores',
  settings: xVectorSettingsSchema,
  presets: xVectorPresets,
  reads: ({ frameType }) => ({ store: 'frames', type: frameType }),
  crops: ({ crops }) => crops,
  fewestFrames,
  framesToLearn: ({ leastSeconds }, hopSamples) =>
    Math.ceil((leastSeconds * sampleRateHz - windowSamples) / hopSamples),
  seedsTogether: false,
  // A unit is a batch.
  cost: ({ learningRates, maximumUpdates, accumulation }, seeds) => ({
    work: learningRates.length * maximumUpdates * accumulation * seeds,
    secondsPerUnit: 0.08,
  }),
  train: trainXVectors,
  predict: trialsScored,
  stored: xVectorStoredSchema,
  forward: xVectorForward,
};
