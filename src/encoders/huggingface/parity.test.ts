/** @file The Hugging Face families against transformers' own hidden states: every model folder under the fixtures. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { floatsOf, type HostTensor } from '../../base/host-tensor.js';
import { engineUnderTest } from '../../engine/engines.fixture.js';
import { extractHiddenStates } from '../../features/extract.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { loadEncoder } from '../load.js';

/** Each sub-folder: a model, its input, and the hidden states of that input. */
const folder = process.env.EHMAM_HF_FIXTURES ?? 'test/fixtures/huggingface';
const models = (await readdir(folder, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
  .map(({ name }) => name);

/** Largest absolute difference of two [frames, dim] tensors, the second with a batch of 1 before. */
function difference(actual: HostTensor, expected: HostTensor | undefined): number {
  expect([1, ...actual.shape]).toEqual(expected?.shape);
  const reference = floatsOf(expected as HostTensor);
  return floatsOf(actual).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (reference[i] as number))),
    0,
  );
}

async function differences(model: string, engine: 'onnx' | 'wasm'): Promise<number[]> {
  const encoder = await loadEncoder(join(folder, model));
  const { tensors } = await readSafetensors(join(folder, model, 'input.safetensors'));
  const { tensors: expected } = await readSafetensors(join(folder, model, 'hidden_states.safetensors'));
  const extract = extractHiddenStates(await engineUnderTest(engine), encoder);
  const states = await extract(floatsOf(tensors.input as HostTensor));
  await extract.dispose();
  expect(states.length).toBe(Object.keys(expected).length);
  return states.map((state, i) => difference(state, expected[`hidden.${i}`]));
}

describe('the hidden states of transformers', () => {
  expect(models.length).toBeGreaterThan(0);

  it.each(models)('%s, every one, compiled', async (model) => {
    for (const [i, each] of (await differences(model, 'onnx')).entries())
      expect(each, `hidden.${i}`).toBeLessThan(1e-4);
  });

  it.each(models.slice(-2))('%s, every one, eager', async (model) => {
    for (const [i, each] of (await differences(model, 'wasm')).entries())
      expect(each, `hidden.${i}`).toBeLessThan(1e-4);
  });
});
