/** @file The tasks: what they ask of a manifest and how they judge predictions. */
import { describe, expect, test } from 'vitest';
import type { Columns, JudgedRow } from '../src/api/task.js';
import { UserError } from '../src/base/errors.js';
import type { Utterance } from '../src/data/rows.js';
import { decodeTokens, encodeText, normalizeText, tokens } from './asr/characters.js';
import { asr } from './asr/index.js';
import { dataOf } from './data.fixture.js';
import { ic } from './ic/index.js';
import { ks } from './ks/index.js';
import { sid } from './sid/index.js';

function utterance(split: string, columns: Record<string, string>, line: number): Utterance {
  return { id: `u${line}`, path: `/audio/u${line}.wav`, split, columns, line, manifest: 'corpus.csv' };
}

function rowsOf(predictions: readonly Columns[], references: readonly Columns[]): JudgedRow[] {
  return references.map((reference, i) => ({ id: `u${i}`, prediction: predictions[i] ?? {}, reference }));
}

describe('keyword spotting', () => {
  const rows = [
    { split: 'train', columns: { label: 'yes' } },
    { split: 'train', columns: { label: 'no' } },
    { split: 'dev', columns: { label: 'no' } },
    { split: 'test', columns: { label: 'yes' } },
  ];

  test('takes its classes from the train split, in alphabetic order', () => {
    expect(ks.head(dataOf(rows))).toEqual({
      kind: 'pooled-linear',
      slots: [{ column: 'label', classes: ['no', 'yes'] }],
    });
  });

  test('refuses a test label that training never shows, naming the line', () => {
    const data = dataOf([...rows, { split: 'test', columns: { label: 'maybe' } }]);
    expect(() => ks.head(data)).toThrow(
      /corpus.csv:6: label 'maybe' of split 'test' does not occur in the train split/,
    );
  });

  test('takes thousands of classes, of any script', () => {
    const labels = Array.from({ length: 3000 }, (_, i) => `語 ${i}`);
    const rows = labels.flatMap((label) =>
      ['train', 'dev', 'test'].map((split) => ({ split, columns: { label } })),
    );
    const head = ks.head(dataOf(rows));
    expect(head).toEqual({
      kind: 'pooled-linear',
      slots: [{ column: 'label', classes: [...labels].sort() }],
    });
  });

  test('refuses an empty label and a single class', () => {
    expect(() => ks.head(dataOf([...rows, { split: 'dev', columns: { label: '' } }]))).toThrow(
      /corpus.csv:6: utterance 'u6' has no label/,
    );
    expect(() => ks.head(dataOf(rows.map((row) => ({ ...row, columns: { label: 'no' } }))))).toThrow(
      UserError,
    );
  });
});

/** Cuts whatever it is given in two, and lists it. */
function halving(): {
  readonly seen: Utterance[];
  readonly cut: (whole: Utterance) => Promise<readonly Utterance[]>;
} {
  const seen: Utterance[] = [];
  const cut = async (whole: Utterance): Promise<readonly Utterance[]> => {
    seen.push(whole);
    return [0, 1].map((k) => ({ ...whole, id: `${whole.id}#crop-${k}`, cropOf: whole.id }));
  };
  return { seen, cut };
}

test('speaker identification crops the train split alone', async () => {
  const data = dataOf(['train', 'dev', 'test'].map((split) => ({ split, columns: { speaker: 's' } })));
  const { train, dev, test: tested } = await sid.crop(data, halving().cut);
  expect(train.map(({ id }) => id)).toEqual(['u2#crop-0', 'u2#crop-1']);
  expect({ dev, tested }).toEqual({ dev: data.dev, tested: data.test });
});

test('keyword spotting takes silence of train and dev from all the noise files, whole', async () => {
  const spoken = ['train', 'dev', 'test'].map((split) => ({ split, columns: { label: 'yes' } }));
  const data = dataOf(spoken);
  const piece = (split: string, file: string, startSeconds: number): Utterance => ({
    ...utterance(split, { label: '_silence_', path: file }, 9),
    id: `${split}-${file}-${startSeconds}`,
    path: `/noise/${file}`,
    startSeconds,
    durationSeconds: 1,
  });
  const { seen, cut } = halving();
  const cropped = await ks.crop(
    {
      train: [...data.train, piece('train', 'tap.wav', 0), piece('train', 'tap.wav', 1)],
      dev: [...data.dev, piece('dev', 'tap.wav', 2), piece('dev', 'bike.wav', 0)],
      test: data.test,
    },
    cut,
  );
  expect(seen.map(({ id, split }) => `${split} ${id}`)).toEqual([
    'train _silence_-train-tap.wav',
    'train _silence_-train-bike.wav',
    'dev _silence_-dev-tap.wav',
    'dev _silence_-dev-bike.wav',
  ]);
  expect(seen.every(({ startSeconds }) => startSeconds === undefined)).toBe(true);
  expect(cropped.train).toHaveLength(1 + 4);
  expect(cropped.dev).toHaveLength(1 + 4);
  expect(cropped.test).toEqual(data.test);
});

test('intent classification counts an utterance as right when all three slots are', () => {
  const intent = (action: string, object: string, location: string): Record<string, string> => ({
    'intent.action': action,
    'intent.object': object,
    'intent.location': location,
  });
  const references = [
    intent('activate', 'lamp', 'kitchen'),
    intent('activate', 'lamp', 'none'),
    intent('bring', 'shoes', 'none'),
  ];
  const predictions = [
    intent('activate', 'lamp', 'kitchen'),
    intent('activate', 'lamp', 'kitchen'),
    intent('bring', 'shoes', 'none'),
  ];
  expect(ic.evaluate(rowsOf(predictions, references)).accuracy?.value).toBeCloseTo(2 / 3);
});

describe('speech recognition', () => {
  test('needs a step a character, and a blank between equal ones', () => {
    const needed = (text: string) => asr.stepsNeeded?.(utterance('train', { text }, 2));
    expect(needed('cat sat')).toBe(7);
    expect(needed('ball ee')).toBe(9);
  });

  test("has s3prl's 32 tokens with the blank first", () => {
    expect(tokens).toHaveLength(32);
    expect(new Set(tokens).size).toBe(32);
    expect(tokens.slice(0, 6)).toEqual(['<s>', '<pad>', '</s>', '<unk>', '|', 'E']);
  });

  test('encodes and decodes a text', () => {
    const encoded = encodeText("IT'S A CAT");
    expect(encoded.map((index) => tokens[index]).join('')).toBe("IT'S|A|CAT");
    expect(decodeTokens(encoded)).toBe("IT'S A CAT");
    expect(decodeTokens([4, 4, ...encoded, 4, 0, 3])).toBe("IT'S A CAT");
  });

  test('gives word and character error rates over the corpus, case ignored', () => {
    const rows = rowsOf([{ text: 'THE CAT' }, { text: '' }], [{ text: 'the  cat sat' }, { text: 'no' }]);
    const result = asr.evaluate(rows);
    expect(result.wer?.value).toBeCloseTo(2 / 4);
    expect(result.cer?.value).toBeCloseTo((4 + 2) / (11 + 2));
    expect(result.wer).toMatchObject({
      shares: [
        { numerator: 1, denominator: 3 },
        { numerator: 1, denominator: 1 },
      ],
    });
    expect(Object.keys(asr.evaluate(rows, ['wer']))).toEqual(['wer']);
    expect(asr.evaluate(rows, ['wer']).wer).toEqual(result.wer);
  });

  test('refuses a text with characters that have no token, naming line and characters', () => {
    const row = (split: string, text: string): { split: string; columns: Record<string, string> } => ({
      split,
      columns: { text },
    });
    expect(() => asr.head(dataOf([row('train', 'one'), row('dev', 'caf\u00e9 | 2')]))).toThrow(
      /corpus.csv:3: invalid characters in the text of 'u3': "\u00c9", "\|", "2"/,
    );
    expect(() => asr.head(dataOf([row('train', '  ')]))).toThrow(/has no text/);
  });

  test.each([
    ['lower case', "it's a cat", undefined],
    ['blanks that do not break, and several', 'a\u00a0cat  sat', undefined],
    ['the sharp s, which is two letters in capitals', 'stra\u00dfe', undefined],
    ['a ligature, which is two letters in capitals', '\ufb01ne', undefined],
    ['a curly apostrophe', 'it\u2019s', '"\u2019"'],
    ['digits', 'room 101', '"1", "0"'],
    ['punctuation', 'well, yes.', '",", "."'],
    ['an accent in one character', 'caf\u00e9', '"\u00c9"'],
    ['an accent of its own', 'cafe\u0301', '"\u0301"'],
    ["Turkish's capital I with a dot", '\u0130stanbul', '"\u0130"'],
  ])('takes a text right or names the character: %s', (_what, text, characters) => {
    const head = () => asr.head(dataOf([{ split: 'train', columns: { text } }]));
    if (characters !== undefined)
      expect(head).toThrow(`corpus.csv:2: invalid characters in the text of 'u2': ${characters}`);
    else {
      head();
      expect(decodeTokens(encodeText(normalizeText(text)))).toBe(normalizeText(text));
    }
  });
});
