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

/** The message of the UserError that loading gives: one line. */
async function complaint(spec: string): Promise<string> {
  const error = await loadEncoder(spec).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  const { message, exitCode } = error as UserError;
  expect(exitCode).toBe(2);
  expect(message).not.toContain('\n');
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

describe('what cannot be loaded', () => {
  it('is named with what a SPEC may be', async () => {
    expect(await complaint('no/such/place')).toMatch(
      /no encoder 'no\/such\/place'.*checkpoint's folder.*fbank.*random:tiny/,
    );
    expect(await complaint('random:huge')).toMatch(/no preset 'huge'.*base, small, tiny/);
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
      new RegExp(`model\\.safetensors: parameters are missing: ${bias}\\.`),
    );
    await write({ ...config, blocks: 2 });
    expect(await complaint(folder)).toMatch(/parameters are missing: blocks\.1\.\S+, blocks\.1\./);
  });

  it('for a parameter of another shape', async () => {
    await write({ ...config, mlpRatio: 2 });
    expect(await complaint(folder)).toMatch(
      /model\.safetensors: .*mlp\.fc1\.weight is \[32, 8\] and should be \[16, 8\]/,
    );
  });

  it.each([
    ['{"family": ', /config\.json: is not JSON/],
    ['null', /config\.json: unknown encoder family/],
    [
      { ...config, family: 'wav2vec' },
      /config\.json: unknown encoder family 'wav2vec'\. Families: fbank, ehmam, wav2vec2, hubert, wavlm, data2vec-audio/,
    ],
    [{ ...config, heads: 0 }, /config\.json: heads: /],
    [{ ...config, frontend: { type: 'mel', bins: 4 } }, /config\.json: frontend\.stack: /],
    [{ ...config, colour: 'red' }, /config\.json: .*colour/],
  ])('for settings that are wrong: %j', async (settings, message) => {
    await write(settings);
    expect(await complaint(folder)).toMatch(message);
  });
});
