/** @file What the files beside a CTC model of transformers say of its tokens, in the ways that people have them, and faults. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import { float32, type HostParameters } from '../../base/host-tensor.js';
import { readSafetensors, writeSafetensors } from '../../formats/safetensors.js';
import { loadEncoder } from '../load.js';
import { loadRecogniser, readableRecognition } from '../recogniser.js';
import { tokensOf } from '../recognition.js';

const fixtures = 'test/fixtures/huggingface-recognisers';
let root: string;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-vocabulary-'));
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'model-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const take = (name: string): Promise<void> => cp(join(fixtures, name), folder, { recursive: true });
const write = (name: string, value: unknown): Promise<void> =>
  writeFile(join(folder, name), JSON.stringify(value));

type Json = Record<string, unknown>;

async function change(name: string, changed: (json: Json) => Json): Promise<void> {
  await write(name, changed(JSON.parse(await readFile(join(folder, name), 'utf8')) as Json));
}

async function changeWeights(changed: (tensors: HostParameters) => HostParameters): Promise<void> {
  const file = join(folder, 'model.safetensors');
  await writeSafetensors(file, changed((await readSafetensors(file)).tensors));
}

const tokens = async () => tokensOf((await loadRecogniser(folder)).recognition);

async function complaint(): Promise<string> {
  const error = await loadRecogniser(folder).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  // The encoder is none the worse for it.
  await loadEncoder(folder);
  return (error as UserError).message;
}

describe('tokens', () => {
  it('are those of vocab.json alone, with the usual names, where no tokenizer says otherwise', async () => {
    await take('wav2vec2');
    const before = await tokens();
    await rm(join(folder, 'tokenizer_config.json'));
    expect(await tokens()).toEqual(before);
  });

  it('have their names in special_tokens_map.json and their rest in added_tokens.json, as transformers 4 wrote them', async () => {
    await take('hubert');
    const before = await tokens();
    await write('tokenizer_config.json', { do_lower_case: false, word_delimiter_token: '|' });
    await write('special_tokens_map.json', {
      pad_token: '[PAD]',
      unk_token: { content: '[UNK]', lstrip: false },
      bos_token: '<s>',
    });
    const { '[PAD]': pad, ...vocabulary } = JSON.parse(
      await readFile(join(folder, 'vocab.json'), 'utf8'),
    ) as Json;
    await write('vocab.json', vocabulary);
    await write('added_tokens.json', { '[PAD]': pad, '<s>': 7, '</s>': 8 });
    expect(await tokens()).toEqual(before);
  });

  it('are no remark on the encoder, as an output layer without any is', async () => {
    await take('hubert');
    expect((await loadEncoder(folder)).notes).toEqual([]);
    await rm(join(folder, 'vocab.json'));
    expect((await loadEncoder(folder)).notes).toEqual([expect.stringContaining('lm_head (2)')]);
  });

  it('may have none between words', async () => {
    await take('data2vec-audio');
    await change('tokenizer_config.json', (json) => ({ ...json, word_delimiter_token: null }));
    expect(await tokens()).toMatchObject({ boundary: '' });
  });
});

describe('a recogniser that cannot be read is named, and its encoder read', () => {
  it.each<[string, string, (json: Json) => Json, RegExp]>([
    [
      'fewer tokens than logits',
      'vocab.json',
      ({ a: _, ...rest }) => rest,
      /has 6 tokens, but lm_head has 7 logits/,
    ],
    [
      'more tokens than logits',
      'vocab.json',
      (json) => ({ ...json, z: 7 }),
      /has 8 tokens, but lm_head has 7/,
    ],
    ['a gap', 'vocab.json', (json) => ({ ...json, a: 9 }), /has 7 tokens, not numbered 0 to 6/],
    ['two tokens of one id', 'vocab.json', (json) => ({ ...json, a: 1 }), /duplicate id 1: 'a' and 'b'/],
    [
      'an id that is none',
      'vocab.json',
      (json) => ({ ...json, a: 'x' }),
      /vocab\.json:1:\d+: invalid value for 'a': expected a number, got "x"/,
    ],
    [
      'several languages',
      'vocab.json',
      (json) => ({ eng: json, deu: json }),
      /vocab\.json:1:\d+: invalid value for 'eng': expected a number, got an object/,
    ],
    [
      'an unknown pad token',
      'tokenizer_config.json',
      (json) => ({ ...json, pad_token: '<blank>' }),
      /unknown pad token '<blank>' \(the CTC blank\): it is not in vocab\.json\. Set pad_token in tokenizer_config/,
    ],
    [
      'two blanks',
      'config.json',
      (json) => ({ ...json, pad_token_id: 0 }),
      /pad_token_id is 0 in config\.json, but the pad token '\[PAD\]' is 6/,
    ],
    [
      'a blank that is no id',
      'config.json',
      (json) => ({ ...json, pad_token_id: 'x' }),
      /config\.json: invalid value for 'pad_token_id': expected a number/,
    ],
    [
      'an adapter',
      'config.json',
      (json) => ({ ...json, add_adapter: true }),
      /unsupported output layer: its input is the output of an adapter \(add_adapter\)/,
    ],
    [
      'another tokenizer',
      'tokenizer_config.json',
      (json) => ({ ...json, tokenizer_class: 'Wav2Vec2PhonemeCTCTokenizer' }),
      /tokenizer_config\.json:1:\d+: invalid value for 'tokenizer_class': unsupported tokenizer, expected Wav2Vec2CTCTokenizer/,
    ],
    [
      'words parted otherwise',
      'tokenizer_config.json',
      (json) => ({ ...json, replace_word_delimiter_char: '_' }),
      /invalid value for 'replace_word_delimiter_char': unsupported value, expected a space/,
    ],
  ])('%s', async (_what, name, changed, message) => {
    await take('hubert');
    await change(name, changed);
    expect(await complaint()).toMatch(message);
  });

  it('without a vocabulary', async () => {
    await take('hubert');
    await rm(join(folder, 'vocab.json'));
    expect(await complaint()).toMatch(
      /missing vocab\.json, the tokens of the 7 logits of lm_head\. Copy vocab\.json and tokenizer_config\.json/,
    );
    const said: string[] = [];
    expect(await readableRecognition(await loadEncoder(folder), (line) => said.push(line))).toBeUndefined();
    expect(said).toEqual([expect.stringContaining('output layer ignored: ')]);
  });

  it('with half of its output layer, or one of another width', async () => {
    await take('hubert');
    await changeWeights(({ 'lm_head.bias': _, ...others }) => others);
    expect(await complaint()).toMatch(/missing parameter lm_head\.bias/);
    await changeWeights((tensors) => ({
      ...tensors,
      'lm_head.bias': float32([7]),
      'lm_head.weight': float32([7, 11]),
    }));
    expect(await complaint()).toMatch(/lm_head\.weight is float32 \[7, 11\], expected float32 \[7, 12\]/);
  });

  it('of a family whose output layer reads other frames than its hidden states', async () => {
    await expect(loadRecogniser('test/fixtures/huggingface/sew')).rejects.toThrow(
      /unsupported output layer: its input is not the last hidden state/,
    );
  });
});
