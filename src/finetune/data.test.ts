/** @file Tests of what fine-tuning says of its data and its encoder: bad input is counted and named. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../audio/index.js';
import { loadEncoder } from '../encoders/load.js';
import { engineUnderTest } from '../engine/engines.fixture.js';
import { finetuneData, loadRows, tooShort } from './data.js';
import { spokenEncoder, spokenSettings } from './finetuning.fixture.js';
import { chosenLetters } from './tokens.js';
import { finetune } from './train.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-finetune-data-'));
  // 24 frames of 20 ms, and 4.
  await writeWav(join(folder, 'a.wav'), new Float32Array(8000).fill(0.1), 16000);
  await writeWav(join(folder, 'short.wav'), new Float32Array(1600).fill(0.1), 16000);
});
afterAll(() => rm(folder, { recursive: true }));

async function manifestOf(...rows: string[]): Promise<string> {
  const file = join(folder, 'speech.csv');
  await writeFile(file, `${rows.join('\n')}\n`);
  return file;
}

const header = 'id,path,split,text';
const dev = 'd,a.wav,dev,BE';

async function dataOf(rows: readonly string[], alphabet: 'auto' | 'reference' | 'text' = 'auto') {
  const said: string[] = [];
  const read = await loadRows({ manifest: await manifestOf(header, ...rows) });
  const texts = (read.get('train') ?? []).map(({ columns }) => columns.text ?? '');
  const letters = chosenLetters(texts, alphabet);
  const data = await finetuneData(read, letters, spokenEncoder(), (remark) => said.push(remark));
  return { data, said, letters };
}

describe('tokens', () => {
  it("are the reference's where they spell every training text, in capitals, with a boundary behind every word", async () => {
    const { data, letters } = await dataOf(["a,a.wav,train,don't  be", dev]);
    expect(letters.alphabet.tokens.join('')).toBe("<s><pad></s><unk>|ETAONIHSRDLUMWCFGYPBVK'XJQZ");
    const [{ text, tokens } = { text: '', tokens: [] }] = data.train;
    expect(text).toBe("DON'T BE");
    expect(tokens.map((token) => letters.alphabet.tokens[token]).join('')).toBe("DON'T|BE|");
  });

  it('are else those of the training texts, in the order of their code points, as they are written (NFC)', async () => {
    const rows = ['a,a.wav,train,cafe\u0301 Zoë', dev];
    const { letters, data, said } = await dataOf(rows);
    expect(letters.alphabet).toMatchObject({
      tokens: ['<s>', '|', 'Z', 'a', 'c', 'f', 'o', 'é', 'ë'],
      blank: 0,
    });
    expect(data.train[0]?.tokens).toEqual([4, 3, 5, 7, 1, 2, 6, 8, 1]);
    expect(said).toEqual([
      `1 of 1 texts of split 'dev' contain characters that have no token: 'd' (line 3: "B", "E"). They count as errors`,
    ]);
    expect((await dataOf(['a,a.wav,train,be', dev], 'text')).letters.alphabet.tokens).toEqual([
      ...['<s>', '|', 'b', 'e'],
    ]);
  });
});

describe('bad data', () => {
  it('with characters that no token stands for is counted and named with id and line', async () => {
    const rows = ['a,a.wav,train,BE', 'b,a.wav,train,BÉ 4', 'c,a.wav,train,A|B', dev];
    await expect(dataOf(rows, 'reference')).rejects.toThrow(
      /speech\.csv:3: 2 of 3 texts of split 'train' contain characters that have no token: 'b' \(line 3: "É", "4"\), 'c' \(line 4: "\|"\)\. .*alphabet=text/,
    );
  });

  it('whose text takes more frames than it has is counted, named and left out: a blank stands between equal letters', async () => {
    const { data, said } = await dataOf([
      'a,a.wav,train,BE',
      'b,short.wav,train,BEE',
      'c,short.wav,train,BE',
      dev,
    ]);
    expect(data.train.map(({ utterance }) => utterance.id)).toEqual(['a', 'c']);
    expect(data.skipped).toEqual([{ id: 'b', split: 'train', reason: tooShort }]);
    // B, E, blank, E and the boundary are five.
    expect(said).toEqual([
      "1 of 3 utterances of split 'train' are too short for their text: 'b' (line 3: 5 frames needed, 4 available). They are skipped",
    ]);
    await expect(dataOf(['b,short.wav,train,BEE', dev])).rejects.toThrow(
      /speech\.csv:2: 1 of 1 utterances.*No utterance is left to train on/,
    );
  });

  it.each([
    ['no column text', ['id,path,split', 'a,a.wav,train'], /speech\.csv:1: the column 'text' is missing/],
    ['an empty text', [header, 'a,a.wav,train,', dev], /speech\.csv:2: column 'text' is empty/],
    ['no dev rows', [header, 'a,a.wav,train,BE'], /no utterances in split 'dev'.*train \(1\)/],
    ['no train rows', [header, dev], /no utterances in split 'train'.*dev \(1\)/],
    ['audio that is missing', [header, 'a,z.wav,train,BE', dev], /speech\.csv:2: .*'z\.wav' not found/],
  ])('%s is named', async (_what, rows, message) => {
    const manifest = await manifestOf(...rows);
    await expect(loadRows({ manifest })).rejects.toThrow(message);
  });

  it('of another manifest chooses in the place of dev', async () => {
    const other = join(folder, 'dev.csv');
    await writeFile(other, `${header}\nx,a.wav,dev,EB\n`);
    const rows = await loadRows({ manifest: await manifestOf(header, 'a,a.wav,train,BE'), dev: other });
    expect(rows.get('dev')?.map(({ id }) => id)).toEqual(['x']);
  });
});

describe('an encoder', () => {
  it.each([
    ['fbank', /'fbank' has no parameters to train/, {}],
    ['toy', /'toy' is an ONNX file, which cannot be trained/, { graph: {} as never }],
    ['toy', /'toy' has no output layer to keep/, { keepOutput: true }],
  ])(
    'that cannot be trained as asked is named before anything is written: %s',
    async (name, message, more) => {
      const { keepOutput, ...change } = more as { keepOutput?: boolean };
      const encoder = { ...(name === 'fbank' ? await loadEncoder('fbank') : spokenEncoder()), ...change };
      const out = join(folder, 'nothing');
      const manifest = await manifestOf(header, 'a,a.wav,train,BE', dev);
      await expect(
        finetune({
          ...{ encoder, settings: spokenSettings(), preset: 'toy', manifest, out, keepOutput },
          engine: await engineUnderTest('onnx'),
        }),
      ).rejects.toThrow(message);
      expect(existsSync(out)).toBe(false);
    },
  );
});
