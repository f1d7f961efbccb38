/** @file Variants of the hub's models that people have, against transformers (test/fixtures/scripts/huggingface_variants.py). */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floatsOf } from '../../base/host-tensor.js';
import { engineUnderTest } from '../../engine/engines.fixture.js';
import { extractHiddenStates } from '../../features/extract.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { loadEncoder } from '../load.js';

const fixtures = 'test/fixtures/huggingface-variants';
const names = await readdir(fixtures);

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-variants-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** The samples of the script. */
const ruled = (samples: number): Float32Array =>
  Float32Array.from({ length: samples }, (_, i) => (((i * 7919) % 20011) - 10005) / 32768);

async function statesOf(spec: string, samples: number): Promise<Float32Array[]> {
  const extract = extractHiddenStates(await engineUnderTest('onnx'), await loadEncoder(spec));
  const states = (await extract(ruled(samples))).map(floatsOf);
  await extract.dispose();
  return states;
}

function apart(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] as number))), 0);
}

async function expectedOf(name: string): Promise<Float32Array[]> {
  const { tensors } = await readSafetensors(join(fixtures, name, 'states.safetensors'));
  return Object.values(tensors).map(floatsOf);
}

/** The last state is the one behind the last norm, which transformers 5 gives as `last_hidden_state` alone. */
describe('every hidden state is that of transformers', () => {
  it.each(names)('%s', async (name) => {
    const expected = await expectedOf(name);
    const states = await statesOf(join(fixtures, name), 1680);
    expect(states).toHaveLength(expected.length);
    for (const [i, state] of states.entries())
      expect(apart(state, expected[i] as Float32Array), `hidden.${i}`).toBeLessThan(2e-5);
  });

  it.each(['without-projection-norm', 'data2vec-ctc', 'wavlm-x-vector'])(
    'also of 25 s of audio: %s',
    async (name) => {
      const { tensors } = await readSafetensors(join(fixtures, name, 'long.safetensors'));
      const [expected] = Object.values(tensors).map(floatsOf) as [Float32Array];
      const last = (await statesOf(join(fixtures, name), 400_000)).at(-1) as Float32Array;
      const width = 8;
      const some = expected.map((_, i) => last[125 * width * Math.floor(i / width) + (i % width)] as number);
      expect(apart(some, expected)).toBeLessThan(2e-5);
    },
  );
});

describe('heads beside the encoder', () => {
  it.each([
    ['pre-training', ['quantizer', 'project_hid', 'project_q']],
    ['ctc', ['lm_head']],
    ['data2vec-ctc', ['lm_head']],
    ['x-vector', ['layer_weights', 'projector', 'tdnn', 'feature_extractor', 'classifier', 'objective']],
    ['classification', ['layer_weights', 'projector', 'classifier']],
    ['frames', ['classifier']],
    ['wavlm-x-vector', ['projector', 'tdnn', 'feature_extractor', 'classifier', 'objective']],
  ])('%s: are ignored, each named', async (name, heads) => {
    const { notes = [] } = await loadEncoder(join(fixtures, name));
    expect(notes).toHaveLength(1);
    const [, listed = ''] = /^ignored, because not part of the encoder: (.*)$/.exec(notes[0] ?? '') ?? [];
    const found = listed.split(', ').map((each) => each.replace(/ \(\d+\)$/, ''));
    expect(found.sort()).toEqual([...heads].sort());
  });
});

describe('a configuration', () => {
  const name = 'group-after-plain';
  async function withConfig(change: (config: Record<string, unknown>) => object): Promise<string> {
    const folder = await mkdtemp(join(root, 'model-'));
    await cp(join(fixtures, name), folder, { recursive: true });
    const file = join(folder, 'config.json');
    await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')))));
    return folder;
  }

  it("may say no more than what differs from transformers' defaults", async () => {
    const differing = [
      ...['model_type', 'hidden_size', 'num_attention_heads', 'num_hidden_layers', 'intermediate_size'],
      ...['conv_dim', 'num_conv_pos_embeddings', 'num_conv_pos_embedding_groups'],
    ];
    const minimal = await withConfig((config) =>
      Object.fromEntries(differing.map((key) => [key, config[key]])),
    );
    expect((await loadEncoder(minimal)).hash).toBe((await loadEncoder(join(fixtures, name))).hash);
  });

  it('may hold nulls where transformers writes them, and much that is of no matter here', async () => {
    const nulls = ['torch_dtype', 'dtype', 'adapter_attn_dim', 'pad_token_id', 'architectures', 'id2label'];
    const full = await withConfig((config) => ({
      ...config,
      ...Object.fromEntries(nulls.map((key) => [key, null])),
      _name_or_path: '/somewhere',
      gradient_checkpointing: true,
    }));
    expect((await loadEncoder(full)).hash).toBe((await loadEncoder(join(fixtures, name))).hash);
  });

  it('of the preprocessor may be as full as feature extractors write it', async () => {
    const folder = await withConfig((config) => config);
    const settings = {
      ...{ do_normalize: true, feature_extractor_type: 'Wav2Vec2FeatureExtractor', feature_size: 1 },
      ...{ padding_side: 'right', padding_value: 0, return_attention_mask: true, sampling_rate: 16000 },
      processor_class: null,
    };
    await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify(settings));
    expect(await loadEncoder(folder)).toMatchObject({ normalizesWaveform: true, notes: [] });
  });
});

it('every family gives finite states of silence, of a constant, and of 1 to 401 samples', async () => {
  for (const name of [
    'group-after-plain',
    'layer-first-bias',
    'four-convolutions',
    'data2vec-ctc',
    'wavlm-x-vector',
  ]) {
    const extract = extractHiddenStates(
      await engineUnderTest('onnx'),
      await loadEncoder(join(fixtures, name)),
    );
    for (const samples of [
      ...[1, 2, 319, 320, 399, 400, 401].map(ruled),
      new Float32Array(1680),
      new Float32Array(1680).fill(0.5),
    ])
      for (const state of await extract(samples))
        expect(floatsOf(state).every(Number.isFinite), `${name}, ${samples.length} samples`).toBe(true);
    await extract.dispose();
  }
});
