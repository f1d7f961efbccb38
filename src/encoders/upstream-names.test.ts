/** @file Names that people type: those of s3prl, models of the hub without `hf:`, slips. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serveHub } from './huggingface/hub-server.fixture.js';
import { loadEncoder } from './load.js';
import { encoderFamilies, namedEncoders } from './registry.js';
import { unknownUpstream, upstreamNamed, upstreamNames } from './upstream-names.js';

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'ehmam-names-'));
  vi.stubEnv('HF_HUB_CACHE', cache);
  for (const name of ['HF_TOKEN', 'HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE']) vi.stubEnv(name, '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true, force: true });
});

const complaint = (spec: string): Promise<string> =>
  loadEncoder(spec).then(
    () => 'no complaint',
    (error: Error) => error.message,
  );

describe('a name of s3prl', () => {
  it('is the model of the hub that it stands for, with its name and SPEC', async () => {
    const folder = 'test/fixtures/huggingface/hubert-group';
    const server = await serveHub(folder, 'facebook/hubert-base-ls960');
    vi.stubEnv('HF_ENDPOINT', server.url);
    const encoder = await loadEncoder('hubert', 0, { quiet: true });
    await server.close();
    expect(encoder).toMatchObject({
      name: 'hubert-base-ls960',
      spec: 'hf:facebook/hubert-base-ls960',
      hash: (await loadEncoder(folder)).hash,
      notes: ["using hf:facebook/hubert-base-ls960 for s3prl's name 'hubert'"],
    });
  });

  it.each([
    ['hubert_large_ll60k', 'hf:facebook/hubert-large-ll60k'],
    ['wavlm_base_plus', 'hf:microsoft/wavlm-base-plus'],
    ['wav2vec2_large_960', 'hf:facebook/wav2vec2-large'],
    ['data2vec_base_960', 'hf:facebook/data2vec-audio-base'],
    ['distilhubert', 'hf:ntu-spml/distilhubert'],
    ['unispeech_sat_base', 'hf:microsoft/unispeech-sat-base'],
  ])('%s is %s', (name, spec) => {
    expect(upstreamNamed(name)?.spec).toBe(spec);
  });

  it('is of a family that there is, and no name of an encoder of ours', () => {
    const own = new Set(namedEncoders().map(({ spec }) => spec));
    for (const { name, family } of upstreamNames) {
      expect(encoderFamilies.has(family), family).toBe(true);
      expect(own.has(name), name).toBe(false);
    }
    expect(new Set(upstreamNames.map(({ name }) => name)).size).toBe(upstreamNames.length);
  });

  it('is known, or is said to be nothing here: every one (test/fixtures/scripts/s3prl_names.py)', async () => {
    const names = JSON.parse(await readFile('test/fixtures/s3prl-names.json', 'utf8')) as string[];
    expect(names.length).toBeGreaterThan(150);
    const unknown = names.filter((name) => !upstreamNamed(name) && !unknownUpstream(name));
    // Ours, and an example to be filled in.
    expect(unknown).toEqual(['customized_upstream', 'fbank']);
    for (const { name } of upstreamNames) expect(names).toContain(name);
  });

  it('has no model of the hub: what to take is said', async () => {
    expect(await complaint('contentvec')).toMatch(
      /no model for s3prl's 'contentvec'.*contentvec_km100\.pt.*pass that file/,
    );
    expect(await complaint('tera')).toMatch(/s3prl's 'tera' is not supported.*ONNX/);
    expect(await complaint('hubert_local')).toMatch(
      /needs a checkpoint.*fairseq file \(\.pt\).*hf:OWNER\/NAME/,
    );
    expect(await complaint('mfcc')).toMatch(/'mfcc' is not supported.*fbank/);
  });
});

describe('a slip', () => {
  it.each([
    ['facebook/hubert-base-ls960', /Did you mean hf:facebook\/hubert-base-ls960\?/],
    ['someone/other-model', /Did you mean hf:someone\/other-model\?/],
    ['wavlm-base-plus', /Did you mean hf:microsoft\/wavlm-base-plus\?/],
    ['wav2vec2-base-960', /Did you mean wav2vec2_base_960 \(hf:facebook\/wav2vec2-base\)\?/],
    ['fbnk', /Did you mean fbank\?/],
    ['hubert_bse', /Did you mean hubert_base \(/],
  ])('%s is told what may have been meant', async (spec, message) => {
    expect(await complaint(spec)).toMatch(message);
  });

  it.each(['no/such/place', 'checkpoint/model.pt', 'out/best.safetensors', 'checkpoint_best.pt'])(
    '%s is a path, of which nothing is guessed',
    async (spec) => {
      expect(await complaint(spec)).toMatch(/unknown encoder '.*'\. Expected a checkpoint folder/);
    },
  );
});
