/** @file The spelling of what Asterisk's English prompts say. */
import { plainLetters } from './letters.js';

const digits = ['ZERO', 'ONE', 'TWO', 'THREE', 'FOUR', 'FIVE', 'SIX', 'SEVEN', 'EIGHT', 'NINE'];

/**
 * Upper case, letters A to Z, apostrophes and single spaces; a digit that stands alone is spelt out. Undefined where
 * the letters do not say what is spoken: longer numbers, signs, remarks in brackets.
 */
export function normalizeEnglish(text: string): string | undefined {
  const spelt = text.replace(/\b[0-9]\b/g, (digit) => ` ${digits[Number(digit)]} `);
  if (/[0-9#*@<>()[\]]/.test(spelt)) return undefined;
  return plainLetters(spelt);
}
