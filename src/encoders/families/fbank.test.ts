/** @file FBANK against torchaudio's Kaldi-compatible features and deltas. */

import { describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostTensor, int32 } from '../../base/host-tensor.js';
import { distance, runOn, testEngines } from '../../engine/engines.fixture.js';
import type * as tf from '../../engine/ops.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { loadEncoder } from '../load.js';
import { fbankCmvn, fbankDefault, fbankFamily } from './fbank.js';
import { logMel, melFilters, spectrumFilters } from './log-mel.js';

const { tensors } = await readSafetensors('test/fixtures/torch/fbank.safetensors');
const torch = (name: string): HostTensor => {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`fbank.safetensors has no ${name}`);
  return tensor;
};
const waveform = { ...torch('waveform'), shape: [1, 16000] };

describe.each(testEngines)('FBANK on %s', (engine) => {
  it("has torchaudio's log-mel energies, first and second differences", async () => {
    const fn = (inputs: { waveform: tf.Tensor }) => {
      const [x] = fbankFamily.forward(fbankDefault, {}, inputs) as [tf.Tensor];
      const part = (from: number): tf.Tensor => x.slice([0, 0, from], [1, -1, 80]).squeeze([0]);
      return { fbank: part(0), delta: part(80), delta_delta: part(160) };
    };
    const outputs = await runOn(engine, fn, { waveform });
    for (const name of ['fbank', 'delta', 'delta_delta'] as const) {
      expect(distance(outputs[name], torch(name)), name).toBeLessThan(5e-5);
    }
  });
});

it.each(testEngines)(
  "on %s, with CMVN, has s3prl's mean and deviation of every dimension",
  async (engine) => {
    const fn = (inputs: { waveform: tf.Tensor }) => {
      const [x] = fbankFamily.forward(fbankCmvn, {}, inputs) as [tf.Tensor];
      return { cmvn: x.squeeze([0]) };
    };
    const { cmvn } = await runOn(engine, fn, { waveform });
    expect(distance(cmvn, torch('cmvn'))).toBeLessThan(5e-4);
  },
);

it('a row that is padded has the CMVN of its own frames, and a single frame or a constant gives zeros', async () => {
  const fn = (inputs: { waveform: tf.Tensor; lengths: tf.Tensor }) => {
    const [padded] = fbankFamily.forward(fbankCmvn, {}, inputs) as [tf.Tensor];
    const alone = (row: number, samples: number) =>
      fbankFamily.forward(
        fbankCmvn,
        {},
        { waveform: inputs.waveform.slice([row, 0], [1, samples]) },
      )[0] as tf.Tensor;
    return { padded, first: alone(0, 4000), second: alone(1, 400) };
  };
  const samples = Float32Array.from([...waveform.data.slice(0, 8000), ...waveform.data.slice(0, 8000)]);
  const { padded, first, second } = await runOn('onnx', fn, {
    waveform: float32([2, 8000], samples),
    lengths: int32([2], [4000, 400]),
  });
  const width = 240;
  const rowsOf = (row: number, frames: number) =>
    floatsOf(padded).subarray(row * 48 * width, (row * 48 + frames) * width);
  expect(padded.shape).toEqual([2, 48, width]);
  for (const [i, value] of floatsOf(first).entries()) expect(rowsOf(0, 23)[i]).toBeCloseTo(value, 3);
  expect(floatsOf(second).every((value) => value === 0)).toBe(true);
  expect(
    floatsOf(padded)
      .subarray(23 * width, 48 * width)
      .every((value) => value === 0),
  ).toBe(true);
});

it('log-mel energies of silence are the logarithm of the floor, 2^-23', async () => {
  const fn = (inputs: { waveform: tf.Tensor }) => ({ y: logMel(inputs.waveform, 4) });
  const { y } = await runOn('onnx', fn, { waveform: float32([1, 720]) });
  expect(y.shape).toEqual([1, 4, 3]);
  for (const value of floatsOf(y)) expect(value).toBeCloseTo(-23 * Math.LN2, 5);
});

it('a constant offset changes no energy: every window loses its mean', () => {
  const { data, shape } = spectrumFilters();
  expect(shape).toEqual([514, 1, 400]);
  for (let row = 0; row < 514; row++) {
    let sum = 0;
    for (let n = 0; n < 400; n++) sum += data[row * 400 + n] as number;
    expect(Math.abs(sum)).toBeLessThan(1e-5);
  }
});

it('mel filters are triangles that overlap by half: between two centres they sum to one', () => {
  const { data } = melFilters(80);
  const columns = 257;
  const sums = Array.from({ length: columns }, (_, bin) => {
    let sum = 0;
    for (let filter = 0; filter < 80; filter++) sum += data[filter * columns + bin] as number;
    return sum;
  });
  // Bins 2 to 247: from the first filter's centre (43 Hz) to the last one's (7,757 Hz).
  for (const sum of sums.slice(2, 248)) expect(sum).toBeCloseTo(1, 5);
  expect(sums[256]).toBe(0);
});

it('FBANK as a SPEC has one layer of 240, a frame every 10 ms from 25 ms on', async () => {
  expect(await loadEncoder('fbank')).toMatchObject({
    name: 'fbank',
    dims: [240],
    normalizesWaveform: false,
    minimumSamples: 400,
    hopSamples: 160,
  });
});
