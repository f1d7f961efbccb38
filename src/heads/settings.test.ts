/** @file What the presets make of the settings of heads. */
import { expect, test } from 'vitest';
import { frameCtc } from './frame-ctc/index.js';
import { pooledLinear } from './pooled-linear/index.js';
import { parseSettings } from './settings.js';

test("the preset superb holds the reference's numbers", () => {
  const pooled = parseSettings(pooledLinear.settings, pooledLinear.presets?.superb, 'ks');
  expect(pooled).toMatchObject({ projectionSize: 256, batchSize: 32, learningRates: [1e-4] });
  expect(pooled).toMatchObject({ maximumUpdates: 200_000, evaluateEvery: 5000, patience: 0 });
  const ctc = parseSettings(frameCtc.settings, frameCtc.presets?.superb, 'asr');
  expect(ctc).toMatchObject({ projectionSize: 1024, lstmLayers: 2, lstmSize: 1024, dropout: 0.2 });
  expect(ctc.specAugment).toEqual({
    timeWarpWindow: 5,
    timeMasks: 2,
    timeMaskFrames: 40,
    featureMasks: 4,
    featureMaskDims: 50,
  });
});
