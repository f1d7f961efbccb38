/** @file The head kind `speaker-activity`: which speakers speak, frame by frame, and so who speaks when. */
import type { HeadKind } from '../../api/head-kind.js';
import type { SpeakerActivitySpec } from '../../api/head-spec.js';
import { turnsHeard } from './hearing.js';
import { type ActivityStored, activityForward, activityStoredSchema } from './model.js';
import { type ActivitySettings, activityPresets, activitySettingsSchema } from './settings.js';
import { trainActivityHeads } from './training.js';

export const speakerActivity: HeadKind<SpeakerActivitySpec, ActivitySettings, ActivityStored> = {
  kind: 'speaker-activity',
  about:
    'for who speaks when: weighted layer sum, LSTM, and a Linear layer over speakers per frame, trained with permutation-invariant loss',
  settings: activitySettingsSchema,
  presets: activityPresets,
  reads: ({ frameType }) => ({ store: 'frames', type: frameType }),
  seedsTogether: false,
  // A unit is a batch.
  cost: ({ learningRates, maximumUpdates, accumulation }, seeds) => ({
    work: learningRates.length * maximumUpdates * accumulation * seeds,
    secondsPerUnit: 0.1,
  }),
  train: trainActivityHeads,
  predict: turnsHeard,
  stored: activityStoredSchema,
  forward: activityForward,
};
