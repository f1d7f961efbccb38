/** @file What an encoder is, kept between runs until one of the files changes that it was read from. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadEncoder } from '../encoders/load.js';
import { identifyEncoder } from './identity.js';

let folder: string;
let cache: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-identity-'));
  [cache, model] = [join(folder, 'cache'), join(folder, 'model')];
  await cp('test/fixtures/huggingface/hubert-processor', model, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

const identify = () => identifyEncoder(model, 0, {}, cache);

it('an identity is read again, and made again where the settings of the preprocessor change, come or go', async () => {
  const first = await identify();
  expect(first.hash).toBe((await loadEncoder(model)).hash);
  const [name = ''] = await readdir(join(cache, 'encoders'));
  const kept = join(cache, 'encoders', name);
  const text = await readFile(kept, 'utf8');
  await writeFile(kept, text.replace('"notes":[]', '"notes":["kept"]'));
  expect((await identify()).notes).toEqual(['kept']);

  const processor = join(model, 'processor_config.json');
  const settings = await readFile(processor, 'utf8');
  await writeFile(processor, settings.replace('"do_normalize": false', '"do_normalize": true'));
  const normalised = await identify();
  expect(normalised.hash).not.toBe(first.hash);
  await rm(processor);
  expect(await identify()).toMatchObject({
    hash: normalised.hash,
    notes: [expect.stringContaining('no preprocessor_config.json')],
  });
  await writeFile(join(model, 'preprocessor_config.json'), '{"do_normalize": false}');
  expect((await identify()).hash).toBe(first.hash);
  await writeFile(processor, settings.replace('"do_normalize": false', '"do_normalize": true'));
  expect((await identify()).hash).toBe(normalised.hash);
});
