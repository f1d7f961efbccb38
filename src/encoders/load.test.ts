/** @file From a SPEC to an encoder, and what is said where that cannot be done. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../base/errors.js';
import type { HostParameters } from '../base/host-tensor.js';
import { writeSafetensors } from '../formats/safetensors.js';
import type { EhmamConfig } from './families/ehmam-config.js';
import { encoderPreset } from './families/ehmam-config.js';
import { encoderSpecs, startParameters } from './families/ehmam-parameters.js';
import { loadEncoder } from './load.js';

const tiny = encoderPreset('tiny');
const config: EhmamConfig = {
  ...tiny,
  frontend: { type: 'mel', bins: 4, stack: 2 },
  width: 8,
  heads: 2,
  blocks: 1,
  position: { kernel: 3, layers: 1, groups: 2 },
};
const parameters = startParameters(encoderSpecs(config), 1);
const bias = 'blocks.0.mlp.fc1.bias';

let root: string;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-load-'));
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'checkpoint-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function write(settings: unknown, weights: HostParameters = parameters): Promise<void> {
  const text = typeof settings === 'string' ? settings : JSON.stringify(settings);
  await writeFile(join(folder, 'config.json'), text);
  await writeSafetensors(join(folder, 'model.safetensors'), weights);
}

/** The message of the UserError that loading gives: a line a problem, each with the file. */
async function complaint(spec: string): Promise<string> {
  const error = await loadEncoder(spec).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  const { message, exitCode } = error as UserError;
  expect(exitCode).toBe(2);
  if (message.includes('\n')) for (const line of message.split('\n')) expect(line).toContain('config.json: ');
  return message;
}

describe('a checkpoint', () => {
  it('is loaded by its folder or its weights file, under the name of the folder', async () => {
    await write({ encoder: config, training: {} });
    const encoder = await loadEncoder(folder);
    expect(encoder.parameters).toEqual(parameters);
    expect(encoder.config).toEqual(config);
    expect(encoder.name).toBe(folder.split('/').at(-1));
    expect((await loadEncoder(join(folder, 'model.safetensors'))).hash).toBe(encoder.hash);
  });

  it('may hold more weights than the encoder has, which do not change its hash', async () => {
    await write(config);
    const { hash } = await loadEncoder(folder);
    await write(config, { ...parameters, 'decoder.proj.weight': parameters[bias] as HostParameters[string] });
    const more = await loadEncoder(folder);
    expect(more.hash).toBe(hash);
    expect(Object.keys(more.parameters)).not.toContain('decoder.proj.weight');
  });

  it('has another hash with another weight or another setting', async () => {
    await write(config);
    const { hash } = await loadEncoder(folder);
    const tensor = parameters[bias] as HostParameters[string];
    await write(config, {
      ...parameters,
      [bias]: { ...tensor, data: Float32Array.from(tensor.data, (x) => x + 1) },
    });
    expect((await loadEncoder(folder)).hash).not.toBe(hash);
    await write({ ...config, normEpsilon: 1e-6 });
    expect((await loadEncoder(folder)).hash).not.toBe(hash);
  });
});

describe('the hash of an encoder', () => {
  // As before encoders had settings that only training looks at: stored features and records name them.
  it.each([
    ['fbank', '331b18fd65e85302ff1ace287b5783472034def446e88d60540d4441efa1c69a'],
    [
      'test/fixtures/ehmam-official/tiny.pt',
      'dfb0831f4dc2db221ebedcae9214b1898d5dbe237d024fe95fb5f240d7f79528',
    ],
    [
      'test/fixtures/ehmam-12-heads/tiny.pt',
      'aed76def47b882b5e850527848b5fa075f13f867cddc452edcb0412937ec3699',
    ],
    [
      'test/fixtures/huggingface/data2vec-audio',
      '2826f702b8dc8aaff922649da275c3691f7b65eea4ae9ffd565e4a0c00707f1d',
    ],
    [
      'test/fixtures/huggingface/hubert-batch-norm',
      '561915344661c4d97f669761b009e9e587f66404957112cc6ca8866d677203ca',
    ],
    [
      'test/fixtures/huggingface/hubert-group',
      'a188b719cc6dc6ff08e2622453e5c934f5f3a10fd6928bb7461dc4b613d9ef5a',
    ],
    [
      'test/fixtures/huggingface/hubert-layer',
      '45debd1a2eb15817e7d35cdf42bfc91b9d10cc306534e58ef206906e611eeeb8',
    ],
    [
      'test/fixtures/huggingface/wav2vec2-group',
      '05b855a6a1261ab6c76eba449c8c3ea9c10c88b26ff161474a62bfb98586a2b9',
    ],
    [
      'test/fixtures/huggingface/wav2vec2-layer',
      'd06448ff46ee203d4e94bcf09a16c6168846e27e13635abb1f81630d1fd1993a',
    ],
    [
      'test/fixtures/huggingface/wavlm-group',
      '3e3b6d24718e4ca74272d55b69338c25264ed53efdb9f8f26416dea348b4a116',
    ],
    [
      'test/fixtures/huggingface/wavlm-layer',
      '74043ce90da858faee29b2a70d0642b7ac11467dce4ef5106249c4118dcdf315',
    ],
  ])('%s', async (spec, hash) => {
    expect((await loadEncoder(spec)).hash).toBe(hash);
  });

  it('of random:tiny with seed 3', async () => {
    expect((await loadEncoder('random:tiny', 3)).hash).toBe(
      'ed9976c806a3a7906eb23043413a1124fa43010afe69b2168c03d1180b9eed6a',
    );
  });
});

describe('what cannot be loaded', () => {
  it('is named with what a SPEC may be', async () => {
    expect(await complaint('no/such/place')).toMatch(
      /unknown encoder 'no\/such\/place'.*checkpoint folder.*fbank.*random:tiny/,
    );
    expect(await complaint('random:huge')).toMatch(/unknown preset 'huge'.*base, small, tiny/);
  });

  it('for a file that is missing', async () => {
    expect(await complaint(folder)).toMatch(/config\.json: cannot be read/);
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
    expect(await complaint(folder)).toMatch(/model\.safetensors: cannot be opened/);
  });

  it('for parameters that are missing', async () => {
    const { [bias]: _one, ...rest } = parameters;
    await write(config, rest);
    expect(await complaint(folder)).toMatch(
      new RegExp(`model\\.safetensors: missing parameters: ${bias}\\.`),
    );
    await write({ ...config, blocks: 2 });
    expect(await complaint(folder)).toMatch(/missing parameters: blocks\.1\.\S+, blocks\.1\./);
  });

  it('for a parameter of another shape', async () => {
    await write({ ...config, mlpRatio: 2 });
    expect(await complaint(folder)).toMatch(
      /model\.safetensors: .*mlp\.fc1\.weight has shape \[32, 8\], expected \[16, 8\]/,
    );
  });

  it.each([
    ['{"family": ', /config\.json:1:12: invalid JSON/],
    ['null', /config\.json: unknown encoder family/],
    [
      { ...config, family: 'wav2vec' },
      /config\.json: unknown encoder family 'wav2vec'\. Expected one of: fbank, ehmam, wav2vec2, hubert, wavlm, data2vec-audio/,
    ],
    [{ ...config, heads: 0 }, /config\.json: invalid value for 'heads': expected more than 0, got 0/],
    [{ ...config, frontend: { type: 'mel', bins: 4 } }, /config\.json: missing key 'frontend\.stack'/],
    [{ ...config, colour: 'red' }, /config\.json: .*colour/],
  ])('for settings that are wrong: %j', async (settings, message) => {
    await write(settings);
    expect(await complaint(folder)).toMatch(message);
  });
});
