/** @file Tests of the form that cells are compared in, and of remarks on what still looks alike. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lookAlikeRemarks, lookAlikes, normalForm } from './look-alikes.js';

it('cells have one form, whatever blanks and composition they were written with', () => {
  for (const text of ['caf\u00e9', ' cafe\u0301', 'cafe\u0301\u00a0', '\tcaf\u00e9 \ufeff']) {
    expect(normalForm(text)).toBe('caf\u00e9');
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(normalForm(text)).toBe(text.normalize('NFC').trim());
      expect(normalForm(normalForm(text))).toBe(normalForm(text));
    }),
  );
});

it('texts that differ in case, blanks, invisible characters or compatible forms look alike', () => {
  const same = ['yes', 'YES', 'y\u200bes', '\uff59\uff45\uff53'];
  expect(lookAlikes([...same, 'no', 'maybe not', 'maybe  not', 'maybe_not'])).toEqual([
    same,
    ['maybe not', 'maybe  not', 'maybe_not'],
  ]);
  expect(lookAlikes(['yes', 'no', 'yes'])).toEqual([]);
  expect(lookAlikeRemarks('label', ['on', 'On', 'off'])).toEqual([
    `column 'label' has values that look the same but are different: "on" and "On"`,
  ]);
});
