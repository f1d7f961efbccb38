/** @file The head kind `subsequence-dtw`: whether a spoken query occurs in a document, by alignment; nothing is trained. */
import type { HeadKind } from '../../api/head-kind.js';
import type { DtwSpec } from '../../api/head-spec.js';
import { type DtwStored, dtwForward, dtwStoredSchema } from './model.js';
import { predictByExample } from './scoring.js';
import { searchByExample } from './search.js';
import { type DtwSettings, dtwSettingsSchema } from './settings.js';

/** Hidden states of an encoder, which is not known when this is asked. */
const layersGuess = 10;

export const subsequenceDtw: HeadKind<DtwSpec, DtwSettings, DtwStored> = {
  kind: 'subsequence-dtw',
  about:
    'for scores of pairs, without training: dynamic time warping of queries and documents, on the layer that is best on dev',
  settings: dtwSettingsSchema,
  reads: ({ frameType }) => ({ store: 'frames', type: frameType }),
  seedsTogether: true,
  trainsNothing: true,
  // One search, whatever the seeds.
  // A unit is a second of a query beside a second of a document in one hidden state: 2,500 pairs of frames of 20 ms.
  cost: (_settings, _seeds, { dev, test }) => ({
    work: layersGuess * dev.pairSeconds + test.pairSeconds,
    secondsPerUnit: 1e-4,
  }),
  train: searchByExample,
  predict: predictByExample,
  stored: dtwStoredSchema,
  forward: dtwForward,
};
