/** @file Alphabets: text to tokens and back. */
import { expect, test } from 'vitest';
import { type Alphabet, spellerOf, textOfTokens } from './alphabet.js';

const english: Alphabet = {
  tokens: ['<s>', '<unk>', '|', 'A', 'B', "'"],
  ...{ blank: 0, boundary: '|', special: [0, 1], lowerCase: false },
};

test('spells words with boundaries between them, and names each character that it does not have once', () => {
  const spell = spellerOf(english);
  expect(spell("  AB  A'B ")).toEqual({ tokens: [3, 4, 2, 3, 5, 4], unknown: [] });
  expect(spell('AxBbx|<s>')).toEqual({ tokens: [3, 4], unknown: ['x', 'b', '|', '<', 's', '>'] });
  expect(spell('')).toEqual({ tokens: [], unknown: [] });
});

test('reads what it spells', () => {
  const { tokens } = spellerOf(english)("BAB A 'A");
  expect(textOfTokens(english, tokens)).toBe("BAB A 'A");
  // Boundaries at the ends or beside each other are one space or none, special tokens nothing.
  expect(textOfTokens(english, [2, 2, 3, 1, 2, 2, 4, 2])).toBe('A B');
});

test('puts text in capitals where the tokens are capitals of small letters, and gives small letters back', () => {
  const lowerCase = { ...english, lowerCase: true };
  expect(spellerOf(lowerCase)('ab a').tokens).toEqual([3, 4, 2, 3]);
  expect(textOfTokens(lowerCase, [3, 4, 2, 3])).toBe('ab a');
});

test('takes the longest token that fits, and composes what is written in pieces', () => {
  const phones: Alphabet = {
    tokens: ['-', 'a', 'aɪ', 'ɪ', 'é', '𝄞'],
    ...{ blank: 0, boundary: '|', special: [0], lowerCase: false },
  };
  expect(spellerOf(phones)('aɪɪae\u0301𝄞').tokens).toEqual([2, 3, 1, 4, 5]);
  // Without a boundary a text is one word.
  expect(spellerOf(phones)('a ɪ')).toEqual({ tokens: [1, 3], unknown: [' '] });
});
