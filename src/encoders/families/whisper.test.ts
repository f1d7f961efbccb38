/** @file Whisper's windows: each is heard alone, and what is behind the end of the audio is cut off. */
import { describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostTensor } from '../../base/host-tensor.js';
import { distance, engineUnderTest, normals, runOn } from '../../engine/engines.fixture.js';
import type * as tf from '../../engine/ops.js';
import { extractHiddenStates } from '../../features/extract.js';
import { loadEncoder } from '../load.js';
import { slaneyFilters, whisperLogMel } from './whisper-log-mel.js';

/** Windows of 10 frames: 3200 samples. */
const encoder = await loadEncoder('test/fixtures/huggingface/whisper');
const window = 3200;
const extract = extractHiddenStates(await engineUnderTest('onnx'), encoder);
const audio = floatsOf(normals([2 * window + 700], 'audio', 0.2));

const framesOf = (state: HostTensor, from: number, to: number): HostTensor => {
  const width = state.shape[1] as number;
  return float32([to - from, width], floatsOf(state).slice(from * width, to * width));
};

describe('windows', () => {
  it('are heard one after the other, each as if it were all there is', async () => {
    const whole = await extract(audio);
    for (const [i, start] of [0, window, 2 * window].entries()) {
      const alone = await extract(audio.slice(start, start + window));
      for (const [layer, state] of alone.entries()) {
        const first = 10 * i;
        const part = framesOf(whole[layer] as HostTensor, first, first + (state.shape[0] as number));
        expect(distance(part, state), `window ${i}, layer ${layer}`).toBeLessThan(1e-5);
      }
    }
  });

  it.each([
    [1, 1],
    [320, 1],
    [321, 2],
    [3200, 10],
    [3201, 11],
    [7100, 23],
  ])('of %i samples in all have %i frames: one begins every 320 samples', async (samples, frames) => {
    expect((await extract(audio.slice(0, samples))).map(({ shape }) => shape[0])).toEqual([
      frames,
      frames,
      frames,
    ]);
  });
});

describe('log-mel energies', () => {
  it('of silence are the floor everywhere: (-10 + 4) / 4', async () => {
    const fn = (inputs: { waveform: tf.Tensor }) => ({ y: whisperLogMel(inputs.waveform, 4) });
    const { y } = await runOn('onnx', fn, { waveform: float32([1, 480]) });
    expect(y.shape).toEqual([1, 4, 3]);
    for (const value of floatsOf(y)) expect(value).toBeCloseTo(-1.5, 5);
  });

  it('reach down eight decades from the loudest of their window', async () => {
    const fn = (inputs: { waveform: tf.Tensor }) => ({ y: whisperLogMel(inputs.waveform, 8) });
    const wave = new Float32Array(2 * 1600);
    for (let n = 0; n < 400; n++) wave[n] = Math.sin(n);
    const { y } = await runOn('onnx', fn, { waveform: float32([2, 1600], wave) });
    const values = floatsOf(y);
    const loud = values.subarray(0, values.length / 2);
    expect(Math.max(...loud) - Math.min(...loud)).toBeCloseTo(2, 5);
    for (const value of values.subarray(values.length / 2)) expect(value).toBeCloseTo(-1.5, 5);
  });

  it('have filters of one area, in hertz', () => {
    const { data } = slaneyFilters(40);
    for (let filter = 0; filter < 40; filter++) {
      let sum = 0;
      for (let column = 0; column < 201; column++) sum += data[filter * 201 + column] as number;
      // Sums over columns of 40 Hz; the lowest triangles are too narrow for that.
      if (filter > 12) expect(sum * 40).toBeCloseTo(1, 1);
    }
  });
});
