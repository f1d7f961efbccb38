/** @file The EH-MAM encoder's sizes: slopes, frames, hidden states. */

import { describe, expect, it } from 'vitest';
import { float32, sizeOf } from '../../base/host-tensor.js';
import { normals, runOn } from '../../engine/engines.fixture.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { alibiSlopes } from '../../nn/attention.js';
import { loadEncoder } from '../load.js';
import { frameCount, frameHop, localFeatures, receptiveField } from './ehmam.js';
import { type EhmamConfig, encoderPreset } from './ehmam-config.js';
import { ehmamFamily } from './ehmam-family.js';
import { encoderSpecs } from './ehmam-parameters.js';

describe('ALiBi slopes', () => {
  it('of 12 heads are those of 8, then every second one of 16', () => {
    // 8 heads: 2^-1 ... 2^-8. 16 heads: 2^-0.5, 2^-1, ...; every second from the first: 2^-0.5, 2^-1.5, 2^-2.5, 2^-3.5.
    const exponents = [1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.5, 2.5, 3.5];
    for (const [i, slope] of alibiSlopes(12).entries())
      expect(slope).toBeCloseTo(2 ** -(exponents[i] as number), 12);
    expect(alibiSlopes(12)).toHaveLength(12);
  });

  it('of a power of two are a geometric series that starts at its own ratio', () => {
    expect(alibiSlopes(4)).toEqual([2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8]);
    expect(alibiSlopes(1)).toEqual([2 ** -8]);
  });
});

describe('frames', () => {
  const base = encoderPreset('base');
  const tiny = encoderPreset('tiny');

  it("of the paper's convolutions: 320 samples each, the first from 400", () => {
    expect(frameHop(base)).toBe(320);
    expect(receptiveField(base)).toBe(400);
    expect([399, 400, 719, 720, 16000].map((samples) => frameCount(base, samples))).toEqual([0, 1, 1, 2, 49]);
  });

  it('of stacked log-mel energies: 20 ms each, the first from two windows', () => {
    expect(frameHop(tiny)).toBe(320);
    expect(receptiveField(tiny)).toBe(560);
    expect([559, 560, 879, 880, 16000].map((samples) => frameCount(tiny, samples))).toEqual([0, 1, 1, 2, 49]);
  });

  const small: EhmamConfig = {
    ...base,
    frontend: {
      type: 'conv',
      layers: [
        [2, 10, 5],
        [2, 3, 2],
        [2, 2, 3],
      ],
    },
  };
  const mel: EhmamConfig = { ...base, frontend: { type: 'mel', bins: 4, stack: 3 } };
  it.each([
    ['convolutions', small],
    ['log-mel energies', mel],
  ])('that are counted are those that %s give', async (_name, config) => {
    const weight = (i: number, shape: number[]) =>
      [`modality_encoders.AUDIO.local_encoder.conv_layers.${i}.0.weight`, normals(shape, 'w')] as const;
    const parameters = Object.fromEntries([
      weight(0, [2, 1, 10]),
      weight(1, [2, 2, 3]),
      weight(2, [2, 2, 2]),
    ]);
    const least = receptiveField(config);
    const hop = frameHop(config);
    for (const samples of [least, least + hop - 1, least + hop, least + 5 * hop + 1]) {
      const { y } = await runOn(
        'onnx',
        (inputs: { parameters: Record<string, tf.Tensor>; waveform: tf.Tensor }) => ({
          y: localFeatures(config, inputs.parameters, inputs.waveform),
        }),
        { parameters, waveform: normals([1, samples], 'waveform') },
      );
      expect(y.shape[1]).toBe(frameCount(config, samples));
    }
  });
});

describe('an untrained encoder', () => {
  it('has the same weights for the same seed, and others for another', async () => {
    const [one, same, other] = [
      await loadEncoder('random:tiny', 1),
      await loadEncoder('random:tiny', 1),
      await loadEncoder('random:tiny', 2),
    ];
    expect(same.hash).toBe(one.hash);
    expect(other.hash).not.toBe(one.hash);
    expect(one.hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

it("the paper's encoder gives 13 hidden states of width 768, 49 frames for a second", async () => {
  const config = encoderPreset('base');
  // Any weights do for the shapes; 90 million normal ones would take their time.
  const parameters = Object.fromEntries(
    Object.entries(encoderSpecs(config)).map(([name, { shape }]) => {
      const data = new Float32Array(sizeOf(shape));
      for (let i = 0; i < data.length; i++) data[i] = ((i * 7919) % 2001) / 50_000 - 0.02;
      return [name, float32(shape, data)];
    }),
  );
  // Without the decoder's 3.3 million, which an encoder does not have.
  const count = Object.values(parameters).reduce((sum, { data }) => sum + data.length, 0);
  expect(count / 1e6).toBeGreaterThan(88);
  expect(count / 1e6).toBeLessThan(95);
  const states = await runOn(
    'onnx',
    (inputs: { parameters: Parameters; waveform: tf.Tensor }) => {
      const list = ehmamFamily.forward(config, inputs.parameters, { waveform: inputs.waveform });
      return Object.fromEntries(list.map((state, i) => [`${i}`, state]));
    },
    { parameters, waveform: normals([1, 16000], 'waveform') },
  );
  expect(Object.values(states).map(({ shape }) => shape)).toEqual(Array(13).fill([1, 49, 768]));
  expect(ehmamFamily.dims(config)).toEqual(Array(13).fill(768));
  for (const { data } of Object.values(states))
    expect((data as Float32Array).every(Number.isFinite)).toBe(true);
});
