/** @file What `bench/heads/asr` measures: an update of SUPERB's recognition head on random hidden states. */

import { int32 } from '../../src/base/host-tensor.js';
import { randomStream } from '../../src/base/random.js';
import { targetBatch } from '../../src/heads/frame-ctc/batches.js';
import { ctcStart } from '../../src/heads/frame-ctc/model.js';
import { ctcPresets, ctcSettingsSchema } from '../../src/heads/frame-ctc/settings.js';
import type { CtcTraining } from '../../src/heads/frame-ctc/update.js';
import { normals } from '../normals.js';

const [layers, batch, frames, dim, tokens] = [13, 8, 300, 768, 32];
const targetTokens = 90;

export const asrSettings = ctcSettingsSchema.parse(ctcPresets.superb);

/** The full-size head, without dropout: its random numbers would differ between the two. */
export const asrModel: CtcTraining = {
  blank: 0,
  join: 1,
  lstmLayers: asrSettings.lstmLayers,
  dropout: 0,
};

/** Whether all utterances fill the batch, or differ in length as those of a corpus do. */
export type Lengths = 'equal' | 'different';

/** What both sides are told. */
export function asrDescription(lengths: Lengths) {
  const { projectionSize, lstmLayers, lstmSize, gradientClip } = asrSettings;
  return { projectionSize, lstmLayers, lstmSize, gradientClip, lengths, learningRate: 1e-4 };
}

/** Seeded parameters, hidden states and targets. */
export function asrInputs(lengths: Lengths) {
  const random = randomStream(1, 'recognition head');
  const targets = Array.from({ length: batch }, (_, row) =>
    Array.from({ length: targetTokens - 5 * row }, () => 1 + random.integer(tokens - 1)),
  );
  return {
    parameters: ctcStart(1, { ...asrSettings, layers, dim, tokens, join: 1 }),
    batch: {
      states: normals(random, [layers, batch, frames, dim]),
      steps: int32(
        [batch],
        Array.from({ length: batch }, (_, row) => (lengths === 'equal' ? frames : frames - 10 * row)),
      ),
    },
    ...targetBatch(targets, batch, targetTokens),
  };
}
