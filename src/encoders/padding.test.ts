/** @file Padding changes nothing: a row of a batch has the hidden states that it has alone, in every family. */
import { describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostTensor, int32 } from '../base/host-tensor.js';
import { constants } from '../engine/constants.js';
import { distance, engineUnderTest, normals } from '../engine/engines.fixture.js';
import type * as tf from '../engine/ops.js';
import { frameCount, waveformBatch } from './batch.js';
import type { Encoder } from './encoder.js';
import { toyEncoders } from './toy-encoders.fixture.js';

/** Not in order, none a whole number of frames, one of few frames. */
const lengths = [3011, 4567, 1203];

const named = (states: readonly tf.Tensor[]): Record<string, tf.Tensor> =>
  Object.fromEntries(states.map((state, i) => [`${i}`, state]));

/** Frames [from, to) of a row of [batch, frames, dim], as [1, to - from, dim]. */
function framesOf({ data, shape }: HostTensor, row: number, from: number, to: number): HostTensor {
  const [, frames, dim] = shape as [number, number, number];
  const start = row * frames * dim;
  return float32([1, to - from, dim], (data as Float32Array).slice(start + from * dim, start + to * dim));
}

function programs(engine: Awaited<ReturnType<typeof engineUnderTest>>, encoder: Encoder) {
  const dynamicAxes = { waveform: 1 };
  const alone = engine.compile(
    ({ waveform }: { waveform: tf.Tensor }) =>
      named(encoder.forward(constants(encoder.parameters), { waveform })),
    { name: 'alone', dynamicAxes },
  );
  const together = engine.compile(
    (input: { waveform: tf.Tensor; lengths: tf.Tensor }) =>
      named(encoder.forward(constants(encoder.parameters), input)),
    { name: 'together', dynamicAxes },
  );
  return { alone, together };
}

describe.each(['onnx', 'wasm'] as const)('a padded batch on %s', async (name) => {
  const engine = await engineUnderTest(name);
  it.each(toyEncoders)('%s: own frames as of the row alone, zeros behind', async (_name, make) => {
    const encoder = await make();
    const utterances = lengths.map((samples) => floatsOf(normals([samples], `utterance ${samples}`, 0.3)));
    const { waveform, lengths: counts } = waveformBatch(encoder, utterances);
    const longest = Math.max(...lengths);
    const spoilt = floatsOf(waveform).slice();
    for (const [row, samples] of lengths.entries())
      spoilt.fill(Number.NaN, row * longest + samples, (row + 1) * longest);
    const { alone, together } = programs(engine, encoder);
    const states = await together.run({ waveform: float32(waveform.shape, spoilt), lengths: counts });
    const frames = Math.max(...lengths.map((samples) => frameCount(encoder, samples)));
    for (const [row, samples] of lengths.entries()) {
      const own = waveformBatch(encoder, [utterances[row] as Float32Array]);
      const expected = await alone.run({ waveform: own.waveform });
      expect(Object.keys(states)).toEqual(Object.keys(expected));
      for (const [layer, state] of Object.entries(states)) {
        expect(state.shape.slice(0, 2)).toEqual([lengths.length, frames]);
        const count = frameCount(encoder, samples);
        expect(expected[layer]?.shape[1]).toBe(count);
        expect(distance(framesOf(state, row, 0, count), expected[layer]), `layer ${layer}`).toBeLessThan(
          1e-5,
        );
        const behind = floatsOf(framesOf(state, row, count, frames));
        expect(behind.every((value) => value === 0)).toBe(true);
      }
    }
    await alone.dispose();
    await together.dispose();
  });

  it.each(toyEncoders)('%s: full rows with lengths are as without', async (_name, make) => {
    const encoder = await make();
    const { alone, together } = programs(engine, encoder);
    const waveform = normals([2, 2500], 'full', 0.3);
    const expected = await alone.run({ waveform });
    const states = await together.run({ waveform, lengths: int32([2], [2500, 2500]) });
    for (const [layer, state] of Object.entries(states))
      expect(distance(state, expected[layer]), `layer ${layer}`).toBeLessThan(1e-5);
    await alone.dispose();
    await together.dispose();
  });
});

describe('a batch of utterances', () => {
  const encoder = { normalizesWaveform: true, minimumSamples: 4 };

  it('has each normalised by its own samples, and zeros behind', () => {
    const { waveform, lengths: counts } = waveformBatch(encoder, [
      Float32Array.of(1, -1, 1, -1, 1, -1),
      Float32Array.of(5, 3, 5, 3),
    ]);
    expect(counts).toEqual(int32([2], [6, 4]));
    expect(waveform.shape).toEqual([2, 6]);
    for (const [i, value] of [1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 0, 0].entries())
      expect(waveform.data[i]).toBeCloseTo(value, 4);
  });

  it('has one that is too short filled up to a frame of its own', () => {
    const { waveform, lengths: counts } = waveformBatch({ ...encoder, normalizesWaveform: false }, [
      Float32Array.of(7),
    ]);
    expect(counts).toEqual(int32([1], [4]));
    expect(waveform).toEqual(float32([1, 4], [7, 0, 0, 0]));
  });
});
