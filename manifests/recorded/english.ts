/** @file What Asterisk's English prompts say, from the list that comes with them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { messageOf, UserError } from '../../src/errors.js';

const list = 'usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz';

/** Texts by prompt, of those whose text says what is spoken. */
export function readEnglish(root: string): Map<string, string> {
  const file = join(root, list);
  try {
    return parseEnglish(gunzipSync(readFileSync(file)).toString('utf8'));
  } catch (cause) {
    throw new UserError(`the texts of the English prompts cannot be read (${messageOf(cause)})`, {
      file,
      mend: 'Unpack the package asterisk-core-sounds-en there',
      cause,
    });
  }
}

/** Lines `prompt: text`; lines that begin with ';' are comments. */
export function parseEnglish(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^([^;:\n]+):(.*)$/gm)].flatMap(([, prompt = '', said = '']) => {
      const letters = normalizeEnglish(said);
      return letters === undefined ? [] : [[prompt.trim(), letters] as const];
    }),
  );
}

const digits = ['ZERO', 'ONE', 'TWO', 'THREE', 'FOUR', 'FIVE', 'SIX', 'SEVEN', 'EIGHT', 'NINE'];

/**
 * Upper case, letters A to Z, apostrophes and single spaces; a digit that stands alone is spelt out. Undefined where
 * the letters do not say what is spoken: longer numbers, signs, remarks in brackets.
 */
export function normalizeEnglish(text: string): string | undefined {
  const spelt = text.replace(/\b[0-9]\b/g, (digit) => ` ${digits[Number(digit)]} `);
  if (/[0-9#*@<>()[\]]/.test(spelt)) return undefined;
  const plain = spelt
    .toUpperCase()
    .replace(/[^A-Z']+/g, ' ')
    .replace(/(^| )'+(?= |$)/g, ' ')
    .replace(/ +/g, ' ')
    .trim();
  return plain === '' ? undefined : plain;
}
