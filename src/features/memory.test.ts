/** @file One session for every length, and what the paper's encoder takes in memory: this file has a process of its own. */
import { expect, it } from 'vitest';
import { float32, sizeOf } from '../base/host-tensor.js';
import { peakBytes } from '../base/peak-memory.fixture.js';
import { randomStream } from '../base/random.js';
import { loadEncoder } from '../encoders/load.js';
import { createEngine } from '../engine/create.js';
import { extractHiddenStates } from './extract.js';

function noise(samples: number): Float32Array {
  const random = randomStream(1, 'noise', samples);
  return Float32Array.from({ length: samples }, () => 0.1 * random.normal());
}

it('the 94 M parameter encoder takes its weights and at most 1.5 GB for 30 s of audio', async () => {
  const encoder = await loadEncoder('random:base');
  const parameters = Object.values(encoder.parameters).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  expect(parameters / 1e6).toBeGreaterThan(92);
  const extract = extractHiddenStates(await createEngine('onnx', { threads: 1 }), encoder);
  // Each length anew: the session is one, the memory is what the longest needs.
  for (const [samples, frames] of [
    [400, 1],
    [16_001, 49],
    [480_000, 1499],
  ] as const) {
    const states = await extract(noise(samples));
    expect(states.map(({ shape }) => shape)).toEqual(Array(13).fill([frames, 768]));
  }
  await extract.dispose();
  expect(peakBytes()).toBeLessThan(4 * parameters + 1.5e9);
});

it.each(['wav2vec2-group', 'wavlm-layer'])(
  '%s runs from 400 samples to 60 s in one session',
  async (model) => {
    const encoder = await loadEncoder(`test/fixtures/huggingface/${model}`);
    const extract = extractHiddenStates(await createEngine('onnx', { threads: 1 }), encoder);
    for (const [samples, frames] of [
      [960_000, 2999],
      [400, 1],
      [719, 1],
      [720, 2],
    ] as const) {
      const [state] = await extract(noise(samples));
      expect(state?.shape).toEqual([frames, encoder.dims[0]]);
      expect(state).not.toEqual(float32([frames, encoder.dims[0] as number]));
    }
    await extract.dispose();
  },
);
