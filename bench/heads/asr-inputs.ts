/** @file What `bench/heads/asr` measures: an update of SUPERB's recognition head on random hidden states. */

import { float32, type HostTensor, int32, sizeOf } from '../../src/base/host-tensor.js';
import { randomStream } from '../../src/base/random.js';
import { targetBatch } from '../../src/heads/frame-ctc/batches.js';
import { type CtcModel, ctcStart } from '../../src/heads/frame-ctc/model.js';
import { presetSettings } from '../../src/heads/presets.js';
import { ctcSettingsSchema } from '../../src/heads/settings.js';

const [layers, batch, frames, dim, tokens] = [13, 8, 300, 768, 32];
const targetTokens = 90;

/** The full-size head, without dropout: its random numbers would differ between the two. */
export const asrModel: CtcModel = {
  layers,
  dim,
  tokens,
  blank: 0,
  join: 1,
  settings: { ...ctcSettingsSchema.parse(presetSettings('superb', 'frame-ctc')), dropout: 0 },
};

/** Whether all utterances fill the batch, or differ in length as those of a corpus do. */
export type Lengths = 'equal' | 'different';

/** Seeded parameters, hidden states and targets. */
export function asrInputs(lengths: Lengths) {
  const random = randomStream(1, 'recognition head');
  const normals = (shape: readonly number[]): HostTensor =>
    float32(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
    );
  const targets = Array.from({ length: batch }, (_, row) =>
    Array.from({ length: targetTokens - 5 * row }, () => 1 + random.integer(tokens - 1)),
  );
  return {
    parameters: ctcStart(1, asrModel),
    batch: {
      states: normals([layers, batch, frames, dim]),
      steps: int32(
        [batch],
        Array.from({ length: batch }, (_, row) => (lengths === 'equal' ? frames : frames - 10 * row)),
      ),
    },
    ...targetBatch(targets, batch, targetTokens),
  };
}
