/** @file One update of fine-tuning EH-MAM against PyTorch, compiled and eager, and the rates of the presets against fairseq. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostParameters, type HostTensor, int32 } from '../base/host-tensor.js';
import { loadEncoder } from '../encoders/load.js';
import { apart, entry, namesUnder, readReference, relative } from '../encoders/reference.fixture.js';
import { engineUnderTest } from '../engine/engines.fixture.js';
import type { Parameters } from '../engine/tree.js';
import { batchGradients } from '../training/gradient-sums.js';
import { triStage } from '../training/schedule.js';
import { frameCounts } from './inputs.js';
import { recognitionLogits, recognitionLoss, type UpdateInputs } from './model.js';
import { finetunePreset, finetunePresets } from './settings.js';
import { trainable } from './trained.js';

const folder = 'test/fixtures/ehmam-finetune';

/** Rows of different lengths as one tensor, zeros behind their ends. */
function padded(rows: readonly HostTensor[]): HostTensor {
  const [length, ...rest] = rows.reduce((a, b) => (b.data.length > a.data.length ? b : a)).shape;
  const size = Math.max(...rows.map(({ data }) => data.length));
  const values = new Float32Array(rows.length * size);
  for (const [i, { data }] of rows.entries()) values.set(data, i * size);
  return float32([rows.length, length as number, ...rest], values);
}

describe.each(['onnx', 'wasm'] as const)('an update of fine-tuning on the engine %s', async (name) => {
  const [reference, released] = [
    await readReference(folder),
    await loadEncoder('test/fixtures/ehmam-12-heads/tiny.pt'),
  ];
  const { encoder, isFixed } = trainable(released, finetunePreset('10m'));
  const rows = (which: string): HostTensor[] =>
    [0, 1, 2, 3].map((row) => entry(reference, `${row}.${which}`));
  const texts = rows('text');
  const speech = {
    waveform: padded(rows('wave')),
    lengths: int32(
      [4],
      rows('wave').map(({ data }) => data.length),
    ),
  };
  const targets = new Int32Array(4 * 20);
  for (const [row, { data }] of texts.entries()) targets.set(data, row * 20);
  const inputs = {
    speech,
    text: {
      targets: int32([4, 20], targets),
      targetLengths: int32(
        [4],
        texts.map(({ data }) => data.length),
      ),
      frames: frameCounts(encoder, speech).frames,
      counts: float32([4], [1, 1, 1, 1]),
    },
    masks: { frames: padded(rows('mask')), channels: padded(rows('channels')), noise: padded(rows('noise')) },
  };
  const all: HostParameters = {
    ...released.parameters,
    'recognition.weight': entry(reference, 'output.weight'),
    'recognition.bias': entry(reference, 'output.bias'),
  };
  const some = (fixed: boolean): HostParameters =>
    Object.fromEntries(Object.entries(all).filter(([key]) => isFixed(key) === fixed));
  type Update = { trained: Parameters; frozen: Parameters; inputs: Omit<UpdateInputs, 'key'> };
  const program = (await engineUnderTest(name)).compile(
    ({ trained, frozen, inputs: { speech: batch, text, masks } }: Update) => {
      const logits = recognitionLogits(encoder, { ...frozen, ...trained }, batch, { masks });
      const lossOf = (parameters: Parameters, given: Update['inputs']) =>
        recognitionLoss(
          recognitionLogits(encoder, parameters, given.speech, { masks: given.masks }),
          text,
          0,
        );
      return { logits, ...batchGradients(lossOf, trained, frozen, { speech: batch, text, masks }) };
    },
    { name: 'update of fine-tuning' },
  );

  it('has the logits, the loss and every gradient of PyTorch', async () => {
    const { logits, loss, gradients } = await program.run({
      trained: some(false),
      frozen: some(true),
      inputs,
    });
    const [, frames, tokens] = logits.shape as [number, number, number];
    for (const [row, expected] of rows('logits').entries()) {
      const start = row * frames * tokens;
      const own = float32(expected.shape, floatsOf(logits).slice(start, start + expected.data.length));
      expect(apart(own, expected), `row ${row}`).toBeLessThan(1e-4);
    }
    expect(
      Math.abs((loss.data[0] as number) / (entry(reference, 'loss').data[0] as number) - 1),
    ).toBeLessThan(1e-4);
    const names = namesUnder(reference, 'grad.');
    expect(Object.keys(gradients).sort()).toEqual(names.sort());
    for (const key of names)
      expect(relative(gradients[key], entry(reference, `grad.${key}`)), key).toBeLessThan(1e-3);
  });
});

it("has fairseq's learning rates in every preset", () => {
  const rates = JSON.parse(readFileSync(join(folder, 'rates.json'), 'utf8')) as Record<
    string,
    [number, number][]
  >;
  expect(Object.keys(rates)).toEqual(Object.keys(finetunePresets));
  for (const [preset, values] of Object.entries(rates)) {
    const { updates, learningRate, schedule } = finetunePreset(preset);
    const { warmUp, hold, decay } = schedule;
    const rate = triStage({ ...schedule, updates, phases: [warmUp, hold, decay] });
    expect(values).toHaveLength(10);
    for (const [before, expected] of values)
      expect(Math.abs(rate(learningRate, before) / expected - 1), `${preset} ${before}`).toBeLessThan(1e-12);
  }
});
