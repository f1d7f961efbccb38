/** @file SF beside the definitions written out in Python (test/fixtures/slots/slots.py), and what keeps texts from being read. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JudgedRow } from '../../src/api/index.js';
import { dataOf } from '../data.fixture.js';
import { sf } from './index.js';
import { slotFault, slotNames, slotTokens } from './slots.js';

interface Case {
  readonly reference: string;
  readonly hypothesis: string;
  readonly f1: number;
  readonly edits: number;
  readonly characters: number;
}
const file = new URL('../../test/fixtures/slots/slots.json', import.meta.url);
const { metrics, sentences } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly metrics: readonly Case[];
  readonly sentences: readonly { readonly tokens: readonly string[] }[];
};

const rowOf = ({ reference, hypothesis }: Pick<Case, 'reference' | 'hypothesis'>): JudgedRow => ({
  id: 'u',
  prediction: { slots: hypothesis },
  reference: { slots: reference },
});

const sharesOf = (rows: readonly JudgedRow[], name: 'f1' | 'cer') => {
  const value = sf.evaluate(rows)[name];
  if (value === undefined || !('shares' in value)) throw new Error(`${name} is no ratio`);
  return value;
};

describe('the metrics', () => {
  test('are those of the definitions in 300 random cases, utterance by utterance', () => {
    expect(metrics).toHaveLength(300);
    const f1 = sharesOf(metrics.map(rowOf), 'f1');
    const cer = sharesOf(metrics.map(rowOf), 'cer');
    for (const [i, expected] of metrics.entries()) {
      expect(f1.shares[i]?.numerator, JSON.stringify(expected)).toBeCloseTo(expected.f1, 12);
      expect(cer.shares[i], JSON.stringify(expected)).toEqual({
        numerator: expected.edits,
        denominator: expected.characters,
      });
    }
    const total = (key: 'f1' | 'edits' | 'characters') => metrics.reduce((sum, one) => sum + one[key], 0);
    expect(f1.value).toBeCloseTo(total('f1') / 300, 12);
    expect(cer.value).toBeCloseTo(total('edits') / total('characters'), 12);
  });

  test('take names alone into F1, and nothing for slots too many into CER', () => {
    const rows = [
      rowOf({
        reference: 'PLAY B-artist ABBA E-artist',
        hypothesis: 'PLAY B-artist ABBEY E-artist B-city OSLO E-city',
      }),
    ];
    // P = 1/2, R = 1; ABBA to ABBEY: one change and one insertion over four characters.
    expect(sharesOf(rows, 'f1').value).toBeCloseTo(2 / 3);
    expect(sharesOf(rows, 'cer').value).toBe(2 / 4);
    expect(Object.keys(sf.evaluate(rows, ['f1']))).toEqual(['f1']);
  });

  test('read texts in any case, and characters without a token as the reference does', () => {
    const rows = [
      rowOf({ reference: 'play B-artist b-sides E-artist', hypothesis: 'B-artist B<unk>SIDES E-artist' }),
    ];
    expect(sharesOf(rows, 'cer').value).toBe(0);
  });
});

const row = (split: string, slots: string) => ({ split, columns: { slots } });
const texts = ['PLAY B-artist X E-artist NOW', 'IN B-city OSLO E-city', "AT B-city A E-city IT'S"];
const rows = ['train', 'dev', 'test'].map((split, i) => row(split, texts[i] ?? ''));

describe('the head', () => {
  const head = sf.head(dataOf(rows));

  test('has 31 characters and two tokens a slot, the most frequent first', () => {
    expect(head).toMatchObject({ kind: 'frame-ctc', column: 'slots', blank: 0 });
    expect(head.tokens).toHaveLength(31 + 4);
    expect(head.tokens.slice(0, 5)).toEqual(['<pad>', '<eos>', '<unk>', ' ', 'A']);
    expect(head.tokens.slice(31)).toEqual(['B-city', 'E-city', 'B-artist', 'E-artist']);
  });

  test('has no blank between a slot and its words, and gives the text back', () => {
    const encoded = head.encode(texts[0] ?? '');
    expect(encoded.map((index) => head.tokens[index])).toEqual([
      ...'PLAY ',
      'B-artist',
      'X',
      'E-artist',
      ...' NOW',
    ]);
    for (const text of texts) expect(head.decode([...head.encode(text), 1, 0])).toBe(text);
    // As s3prl: a begin is followed by a blank and an end has one before it, whatever stands there.
    expect(head.decode(['B-city', 'E-city', 'A'].map((token) => head.tokens.indexOf(token)))).toBe(
      'B-city  E-cityA',
    );
  });

  test('spells 60 random sentences as the steps written out in Python, and reads them back', () => {
    const names = ['artist', 'album', 'timeRange', 'city', 'city_name', 'party_size_number'];
    const { tokens: all, encode, decode } = slotTokens(names);
    for (const { tokens } of sentences) {
      const spelt = tokens.slice(0, -1);
      expect(tokens.at(-1)).toBe('<eos>');
      const text = decode(spelt.map((token) => all.indexOf(token)));
      expect(encode(text).map((index) => all[index])).toEqual(spelt);
    }
  });

  test("has 109 tokens with SNIPS's 39 slots", () => {
    const names = Array.from({ length: 39 }, (_, i) => `slot_${i}`);
    expect(slotTokens(names).tokens).toHaveLength(109);
  });

  test('needs a step a token, and a blank between equal ones', () => {
    const [utterance] = dataOf([row('train', 'ALL B-x A E-x')]).train;
    // A L _ L blank B-x A E-x
    expect(utterance && sf.stepsNeeded?.(utterance)).toBe(8);
  });
});

describe('a text', () => {
  test('may hold words in capitals that look like a slot, unless they have a partner', () => {
    expect(slotNames(['B-SIDES BY B-artist E-TYPE E-artist', 'B-NEW X E-NEW'])).toEqual(['NEW', 'artist']);
    expect(slotFault('PLAY B-SIDES')).toBeUndefined();
  });

  test.each([
    ['B-a X B-b Y E-a Z E-b', "'b' starts inside 'a'"],
    ['B-a X B-a Y E-a', "'a' starts inside 'a'"],
    ['X E-a', "'a' ends without a start"],
    ['B-a X E-b', "'b' ends inside 'a'"],
    ['B-a X', "'a' starts and does not end"],
    ['B-a E-a', "'a' contains no word"],
  ])('is refused whose slots do not nest: %s', (text, fault) => {
    expect(slotFault(text)).toBe(fault);
    expect(() => sf.head(dataOf([...rows, row('dev', text)]))).toThrow(
      `corpus.csv:5: invalid slots of 'u5': ${fault}`,
    );
  });

  test('is refused that is empty, and a split without any slot, with the line', () => {
    expect(() => sf.head(dataOf([...rows, row('test', ' ')]))).toThrow(
      /corpus.csv:5: utterance 'u5' has no text/,
    );
    const plain = [...rows.slice(0, 2), row('test', 'NOTHING')];
    expect(() => sf.head(dataOf(plain))).toThrow(/corpus.csv:4: no utterance of split 'test' has a slot/);
  });
});
