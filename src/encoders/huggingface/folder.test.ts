/** @file Folders of the hub: what is accepted in them, and what is said of those that cannot be read. */
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import { float32, type HostParameters, type HostTensor } from '../../base/host-tensor.js';
import { readSafetensors, writeSafetensors } from '../../formats/safetensors.js';
import { loadEncoder } from '../load.js';
import { storedWeights } from './stored.js';

const fixtures = 'test/fixtures/huggingface';
let root: string;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-hub-folder-'));
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'model-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const take = (name: string): Promise<void> => cp(join(fixtures, name), folder, { recursive: true });

async function changeJson(name: string, change: (json: Record<string, unknown>) => unknown): Promise<void> {
  const json = JSON.parse(await readFile(join(folder, name), 'utf8')) as Record<string, unknown>;
  await writeFile(join(folder, name), JSON.stringify(change(json)));
}

async function changeWeights(change: (tensors: HostParameters) => HostParameters): Promise<void> {
  const file = join(folder, 'model.safetensors');
  await writeSafetensors(file, change((await readSafetensors(file)).tensors));
}

async function complaint(): Promise<string> {
  const error = await loadEncoder(folder).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message;
}

describe('a folder of the hub', () => {
  it('is an encoder with the name of the folder, its sizes and where it came from', async () => {
    const encoder = await loadEncoder(join(fixtures, 'hubert-group'));
    expect(encoder).toMatchObject({
      name: 'hubert-group',
      family: 'hubert',
      dims: [24, 24, 24],
      normalizesWaveform: false,
      minimumSamples: 400,
      hopSamples: 320,
      notes: [],
    });
    expect(encoder.origin?.files.map((file) => file.split('/').at(-1))).toEqual([
      'config.json',
      'preprocessor_config.json',
      'pytorch_model.bin',
    ]);
  });

  it('has the same weights whichever way weight normalisation is stored', async () => {
    await take('wav2vec2-group');
    const { hash } = await loadEncoder(folder);
    const conv = 'encoder.pos_conv_embed.conv';
    const old = [`${conv}.weight_g`, `${conv}.weight_v`];
    await changeWeights((tensors) =>
      Object.fromEntries(
        Object.entries(tensors).map(([name, tensor]) => {
          const part = /parametrizations\.weight\.original([01])$/.exec(name)?.[1];
          return [part === undefined ? name : (old[Number(part)] as string), tensor];
        }),
      ),
    );
    const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
    expect(Object.keys(tensors)).toEqual(expect.arrayContaining(old));
    expect((await loadEncoder(folder)).hash).toBe(hash);
  });

  it('may have the head of another task beside the encoder, which a note tells of', async () => {
    const { notes, parameters } = await loadEncoder(join(fixtures, 'wav2vec2-layer'));
    expect(notes).toEqual(['ignored, because not part of the encoder: lm_head (2)']);
    expect(Object.keys(parameters).filter((name) => /lm_head|masked/.test(name))).toEqual([]);
  });

  it.each([
    ['sew', ['lm_head (2), encoder.upsample (2)']],
    ['whisper', ['decoder (28), proj_out (1)']],
    ['wav2vec2-bert', ['adapter (22), intermediate_ffn (4)']],
    [
      'wav2vec2-conformer-rotary',
      ['lm_head (2), adapter (2), encoder.embed_positions (1), encoder.pos_conv_embed (3)'],
    ],
  ])('may have what no hidden state depends on, which a note tells of: %s', async (name, expected) => {
    const { notes } = await loadEncoder(join(fixtures, name));
    expect(notes?.map((note) => note.replace('ignored, because not part of the encoder: ', ''))).toEqual(
      expected,
    );
  });

  it('says of frames that are made of more than samples how they are made', async () => {
    await take('whisper');
    await changeJson('preprocessor_config.json', (config) => ({ ...config, hop_length: 80 }));
    expect(await complaint()).toMatch(/preprocessor_config\.json: invalid value for 'hop_length': /);
    await rm(join(folder, 'preprocessor_config.json'));
    expect(await loadEncoder(folder)).toMatchObject({ normalizesWaveform: false, minimumSamples: 1 });
    folder = await mkdtemp(join(root, 'model-'));
    await take('wav2vec2-bert');
    expect((await loadEncoder(folder)).config).toMatchObject({ bins: 12, stack: 2 });
    await rm(join(folder, 'preprocessor_config.json'));
    // transformers' 80 energies do not fit these weights.
    expect(await complaint()).toMatch(
      /feature_projection\.layer_norm\.weight has shape \[24\], expected \[160\]/,
    );
  });

  it.each(['module.', 'model.', 'student.encoder.'])(
    "may have a trainer's own %s before all names, which a note tells of",
    async (lead) => {
      for (const [name, stem] of [
        ['wav2vec2-group', ''],
        ['wavlm-group', 'wavlm.'],
      ] as const) {
        folder = await mkdtemp(join(root, 'model-'));
        await take(name);
        const { hash } = await loadEncoder(folder);
        await changeWeights((tensors) => ({
          ...Object.fromEntries(
            Object.entries(tensors).map(([each, tensor]) => [lead + stem + each, tensor]),
          ),
          [`${lead}lm_head.weight`]: float32([2], [1, 2]),
        }));
        const { notes, hash: led } = await loadEncoder(folder);
        expect(led).toBe(hash);
        expect(notes?.[0]).toBe(`ignored the prefix '${lead}${stem}' of parameter names`);
        expect(notes?.[1]).toContain('ignored, because not part of the encoder: ');
      }
    },
  );

  it('may have adapters behind the encoder, and what only training needs', async () => {
    await take('wav2vec2-group');
    const { hash } = await loadEncoder(folder);
    await changeJson('config.json', (config) => ({ ...config, add_adapter: true, num_adapter_layers: 2 }));
    await changeWeights((tensors) => ({
      ...tensors,
      'adapter.layers.0.conv.weight': float32([1], [1]),
      mask_time_emb_vector: float32([24], Array(24).fill(1)),
    }));
    const { notes, hash: adapted } = await loadEncoder(folder);
    expect(adapted).toBe(hash);
    expect(notes).toEqual(['ignored, because not part of the encoder: adapter (1)']);
  });

  it("may lie in shards of torch's pickle", async () => {
    await take('hubert-group');
    const { hash } = await loadEncoder(folder);
    const names = (await storedWeights(folder)).names;
    await rename(join(folder, 'pytorch_model.bin'), join(folder, 'pytorch_model-00001-of-00001.bin'));
    const weightMap = Object.fromEntries(names.map((name) => [name, 'pytorch_model-00001-of-00001.bin']));
    const index = join(folder, 'pytorch_model.bin.index.json');
    await writeFile(index, JSON.stringify({ metadata: {}, weight_map: weightMap }));
    expect((await loadEncoder(folder)).hash).toBe(hash);
    expect((await loadEncoder(index)).hash).toBe(hash);
    await writeFile(index, JSON.stringify({ weight_map: { x: '../x.bin' } }));
    expect(await complaint()).toMatch(
      /invalid shard '\.\.\/x\.bin': expected a torch file in the same folder/,
    );
  });

  it('says whether waveforms are normalised in the file of transformers 5 too', async () => {
    await take('wav2vec2-group');
    await changeJson('preprocessor_config.json', (config) => ({ ...config, do_normalize: true }));
    // As transformers 5 writes it, with do_normalize false (test/fixtures/scripts/processor_config.py).
    await cp(join(fixtures, 'processor_config.json'), join(folder, 'processor_config.json'));
    expect((await loadEncoder(folder)).normalizesWaveform).toBe(false);
    await rm(join(folder, 'preprocessor_config.json'));
    expect(await loadEncoder(folder)).toMatchObject({ normalizesWaveform: false, notes: [] });
    for (const [inside, normalizes] of [
      [{ audio_processor: { do_normalize: false } }, false],
      [{ feature_extractor: null, audio_processor: { do_normalize: false } }, false],
      [{ feature_extractor: { do_normalize: true }, audio_processor: { do_normalize: false } }, true],
      [{ feature_extractor: {} }, true],
    ] as const) {
      await writeFile(join(folder, 'processor_config.json'), JSON.stringify(inside));
      expect((await loadEncoder(folder)).normalizesWaveform).toBe(normalizes);
    }
    const slow = { feature_extractor: { sampling_rate: 8000 } };
    await writeFile(join(folder, 'processor_config.json'), JSON.stringify(slow));
    expect(await complaint()).toMatch(/processor_config\.json: unsupported sample rate 8000 Hz/);
    await writeFile(join(folder, 'processor_config.json'), JSON.stringify({ processor_class: 'x' }));
    expect((await loadEncoder(folder)).notes).toEqual([
      expect.stringContaining('no preprocessor_config.json'),
    ]);
  });

  it("is not guessed at where it is a part of the hub's cache and the hub may know", async () => {
    const snapshot = join(folder, 'models--owner--name', 'snapshots', 'abc');
    await cp(join(fixtures, 'wavlm-group'), snapshot, { recursive: true });
    expect((await loadEncoder(snapshot)).normalizesWaveform).toBe(false);
    await rm(join(snapshot, 'preprocessor_config.json'));
    folder = snapshot;
    expect(await complaint()).toMatch(
      /an incomplete copy in the hub's cache.*Use hf:owner\/name, which downloads it/,
    );
    const absent = join(snapshot, '..', '..', '.no_exist', 'abc');
    await mkdir(absent, { recursive: true });
    await writeFile(join(absent, 'preprocessor_config.json'), '');
    expect((await loadEncoder(snapshot)).normalizesWaveform).toBe(true);
  });

  it('is normalised as the processor says that transformers saved with it', async () => {
    expect(await loadEncoder(join(fixtures, 'hubert-processor'))).toMatchObject({
      normalizesWaveform: false,
      notes: [],
    });
  });

  it('has the rates of dropout that it was trained with, which are no part of its hash', async () => {
    await take('wavlm-group');
    const { hash, config } = await loadEncoder(folder);
    expect(config).toMatchObject({
      dropout: { projection: 0, hidden: 0.1, attention: 0.1, activation: 0.1, layer: 0.1 },
    });
    await changeJson('config.json', (settings) => ({ ...settings, hidden_dropout: 0.3, layerdrop: 0.05 }));
    const other = await loadEncoder(folder);
    expect(other.config).toMatchObject({ dropout: { hidden: 0.3, layer: 0.05 } });
    expect(other.hash).toBe(hash);
    await changeJson('config.json', (settings) => ({ ...settings, hidden_dropout: 1.1 }));
    expect(await complaint()).toMatch(/invalid value for 'hidden_dropout': expected at most 1, got 1\.1/);
  });

  it("leaves transformers' rates where config.json has none", async () => {
    await take('hubert-group');
    await changeJson(
      'config.json',
      ({ layerdrop: _1, feat_proj_dropout: _2, hidden_dropout: _3, ...rest }) => rest,
    );
    expect((await loadEncoder(folder)).config).toMatchObject({
      dropout: { projection: 0, hidden: 0.1, layer: 0.1 },
    });
  });

  it('may lack the preprocessor, which a note tells of', async () => {
    await take('wavlm-group');
    await rm(join(folder, 'preprocessor_config.json'));
    const { notes, normalizesWaveform } = await loadEncoder(folder);
    expect(normalizesWaveform).toBe(true);
    expect(notes).toEqual([expect.stringContaining('no preprocessor_config.json')]);
  });
});

describe('what cannot be read is named', () => {
  it('a model type that is not known, with those that are', async () => {
    await take('hubert-group');
    await changeJson('config.json', (config) => ({ ...config, model_type: 'sew-d' }));
    expect(await complaint()).toMatch(
      /config\.json: unknown model type 'sew-d'\. .*wav2vec2, hubert, wavlm, data2vec-audio/,
    );
  });

  it.each([
    [{ adapter_attn_dim: 16 }, /invalid value for 'adapter_attn_dim': attention adapters are not supported/],
    [{ hidden_act: 'relu' }, /invalid value for 'hidden_act': expected 'gelu', got "relu"/],
    [{ num_attention_heads: 7 }, /invalid value for 'heads': expected a divisor of the width 24, got 7/],
    [{ conv_kernel: [10] }, /invalid value for 'convolutions\[1\]\[1\]': /],
    [{ num_hidden_layers: 1e9 }, /invalid value for 'blocks': /],
    [{ hidden_size: '24' }, /invalid value for 'hidden_size': expected a number, got "24"/],
  ])('a setting: %j', async (settings, message) => {
    await take('hubert-group');
    await changeJson('config.json', (config) => ({ ...config, ...settings }));
    expect(await complaint()).toMatch(message);
  });

  it('a sampling rate that is not ours', async () => {
    await take('hubert-group');
    await changeJson('preprocessor_config.json', (config) => ({ ...config, sampling_rate: 8000 }));
    expect(await complaint()).toMatch(/preprocessor_config\.json: unsupported sample rate 8000 Hz/);
  });

  it('parameters that are missing or have no place', async () => {
    await take('wav2vec2-group');
    const norm = 'encoder.layer_norm.weight';
    await changeWeights(({ [norm]: tensor, ...rest }) => ({
      ...rest,
      'encoder.surprise': tensor as HostTensor,
    }));
    expect(await complaint()).toMatch(
      /missing parameters: encoder\.layer_norm\.weight; unexpected parameters: encoder\.surprise\. /,
    );
  });

  it('half of a weight-normalised weight', async () => {
    await take('wav2vec2-group');
    const length = 'encoder.pos_conv_embed.conv.parametrizations.weight.original0';
    await changeWeights(({ [length]: _, ...rest }) => rest);
    expect(await complaint()).toMatch(
      /weight-normalized parameter \S*pos_conv_embed\.conv\.weight: its length is missing/,
    );
  });

  it('a parameter of another shape', async () => {
    await take('wav2vec2-group');
    await changeWeights((tensors) => ({ ...tensors, 'encoder.layer_norm.bias': float32([3]) }));
    expect(await complaint()).toMatch(/encoder\.layer_norm\.bias has shape \[3\], expected \[24\]/);
  });

  it('a folder without weights', async () => {
    await take('wav2vec2-group');
    await rm(join(folder, 'model.safetensors'));
    expect(await complaint()).toMatch(
      /contains no supported weights file.*model\.safetensors.*pytorch_model\.bin/,
    );
  });

  it.each(['../model-00001-of-00002.safetensors', '/etc/passwd', 'a/b.safetensors', '..', 'model.txt'])(
    'a shard that is not a file beside its index: %s',
    async (shard) => {
      await take('data2vec-audio');
      await changeJson('model.safetensors.index.json', () => ({
        weight_map: { 'encoder.layer_norm.bias': shard },
      }));
      expect(await complaint()).toMatch(/invalid shard '.*': expected a safetensors file in the same folder/);
    },
  );

  it('a shard that is missing', async () => {
    await take('data2vec-audio');
    await rm(join(folder, 'model-00002-of-00002.safetensors'));
    expect(await complaint()).toMatch(/model-00002-of-00002\.safetensors: cannot be opened/);
  });
});
