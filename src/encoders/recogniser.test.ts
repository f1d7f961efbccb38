/** @file Recognisers as folders of ours: what is kept, what an encoder's reader leaves aside, what is refused. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32 } from '../base/host-tensor.js';
import type { Encoder } from './encoder.js';
import { loadEncoder } from './load.js';
import { loadRecogniser, type RecognitionLayer, writeRecogniser } from './recogniser.js';

const spec = 'test/fixtures/huggingface/hubert-group';
const width = 24;
const tokens = ['<s>', '|', 'é', 'a'];
const layer: RecognitionLayer = {
  tokens,
  blank: 0,
  boundary: '|',
  special: [0],
  lowerCase: false,
  weight: float32(
    [tokens.length, width],
    Array.from({ length: tokens.length * width }, (_, i) => i / 100),
  ),
  bias: float32([tokens.length], [0.5, -1, 2, 0]),
};

let folder: string;
let encoder: Encoder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-recogniser-'));
  encoder = await loadEncoder(spec);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a fine-tuned folder', () => {
  it('gives back encoder, output layer, masking embedding and what was said of the training', async () => {
    const place = join(folder, 'whole');
    const maskEmbedding = float32([width]);
    await writeRecogniser(place, { ...encoder, maskEmbedding, recognition: layer, training: { seed: 3 } });
    const again = await loadRecogniser(place);
    expect(again.recognition).toEqual(layer);
    expect(again.encoder.maskEmbedding).toEqual(maskEmbedding);
    expect(again.encoder.origin).toMatchObject({ format: 'ehmam folder, fine-tuned', training: { seed: 3 } });
  });

  it('is the same encoder as without its layer', async () => {
    const place = join(folder, 'encoder');
    await writeRecogniser(place, { ...encoder, recognition: layer });
    const again = await loadEncoder(place);
    expect(again.hash).toBe(encoder.hash);
    expect(Object.keys(again.parameters)).toEqual(Object.keys(encoder.parameters));
  });

  it('has a bias and a weight for each of its tokens, or is refused with their names', async () => {
    const place = join(folder, 'sizes');
    await writeRecogniser(place, { ...encoder, recognition: { ...layer, bias: float32([3]) } });
    await expect(loadRecogniser(place)).rejects.toThrow(
      /model\.safetensors: recognition\.bias is float32 \[3\], expected float32 \[4\] for 4 tokens/,
    );
  });

  it.each([
    [
      { tokens: ['a', 'b', 'a'] },
      /config\.json: recognition: invalid value for 'tokens': duplicate token 'a'/,
    ],
    [{ tokens: ['a', ''] }, /recognition: invalid value for 'tokens\[1\]': empty token/],
    [{ blank: 4, special: [4] }, /invalid value for 'special': invalid token 4: expected 0 to 3/],
    [{ special: [1] }, /invalid value for 'special': missing the blank/],
    [{ boundary: 5 }, /invalid value for 'boundary': expected a string, got 5/],
    [{ alphabet: 'abc' }, /config\.json: recognition: .*alphabet/],
  ])('is refused where it says %j', async (change, message) => {
    const place = join(folder, 'changed');
    await writeRecogniser(place, { ...encoder, recognition: layer });
    const file = join(place, 'config.json');
    const { recognition, ...others } = JSON.parse(await readFile(file, 'utf8')) as { recognition: object };
    await writeFile(file, JSON.stringify({ ...others, recognition: { ...recognition, ...change } }));
    await expect(loadRecogniser(place)).rejects.toThrow(message);
    expect((await loadEncoder(place)).hash).toBe(encoder.hash);
  });

  it('is not found in an encoder that was never fine-tuned', async () => {
    await expect(loadRecogniser('random:tiny')).rejects.toThrow(
      /'random:tiny' is not a recogniser: .*ehmam finetune/,
    );
  });
});
