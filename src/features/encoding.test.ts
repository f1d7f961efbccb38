/** @file Frames in half precision: the bits that float32 frames would be stored as, and what is said where they do not fit. */
import { describe, expect, it } from 'vitest';
import { float32, floatsOf } from '../base/host-tensor.js';
import type { Encoder } from '../encoders/encoder.js';
import { engineUnderTest, normals, testEngines } from '../engine/engines.fixture.js';
import * as tf from '../engine/ops.js';
import { encoderOf } from './encoding.js';
import { extractHiddenStates } from './extract.js';
import { storedData } from './shards.js';
import { toyEncoder } from './toy-encoder.fixture.js';

const samples = floatsOf(normals([803], 'speech'));

describe.each(testEngines)('frames on %s', async (name) => {
  const engine = await engineUnderTest(name);

  it('come as halves where they are stored so, with the bits of rounded float32 frames', async () => {
    const encoder = toyEncoder(1);
    const [halves, floats] = [
      encoderOf(engine, encoder, 'frames', 'float16'),
      extractHiddenStates(engine, encoder),
    ];
    const { layers, rows, encoderFrames } = await halves(samples);
    expect([rows, encoderFrames]).toEqual([100, 100]);
    expect(layers.map((layer) => layer.constructor)).toEqual([Uint16Array, Uint16Array]);
    const expected = storedData('a', (await floats(samples)).map(floatsOf), 'float16');
    expect(storedData('a', layers, 'float16')).toEqual(expected);
    await halves.dispose();
    await floats.dispose();
  });

  it.each([
    [65505, /^the features of 'a' reach 65505, which is beyond the range of half precision\./],
    [70000, /^the features of 'a' reach 70000, which is beyond the range of half precision\./],
    [Number.NaN, /^the features of 'a' contain NaN or infinity\./],
  ])('that reach %d are told as they are', async (largest, message) => {
    const large: Encoder = {
      ...toyEncoder(1),
      parameters: { ...toyEncoder(1).parameters, large: float32([], [largest]) },
      forward: (parameters, input) =>
        toyEncoder(1)
          .forward(parameters, input)
          .map((state) => tf.add(tf.mul(state, 0), parameters.large as tf.Tensor)),
    };
    const encode = encoderOf(engine, large, 'frames', 'float16');
    const { layers } = await encode(samples);
    expect(() => storedData('a', layers, 'float16')).toThrow(message);
    await encode.dispose();
  });
});
