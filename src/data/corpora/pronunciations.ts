/** @file Pronunciation lexicons: a word and its phones a line, the first of a word's entries counts. */
import { UserError } from '../../base/errors.js';
import { sha256OfFile } from '../../base/files.js';
import { readText } from '../../base/text.js';
import { arpabetPhones } from '../arpabet.js';

export interface Pronunciations {
  /** The phones of a word with blanks between, whatever its case; undefined of a word without an entry. */
  of(word: string): string | undefined;
  /** The first 16 digits of each file's SHA-256, in the order given. */
  readonly digest: string;
}

/**
 * Reads lexicons one after the other: `WORD P1 P2 ...`, with a tab or blanks behind the word; lines of `;;;` are comments.
 * @throws UserError with file and line: a word without phones, a phone that is not ARPAbet's, a file without an entry
 */
export async function readPronunciations(files: readonly string[]): Promise<Pronunciations> {
  const entries = new Map<string, string>();
  const digests: string[] = [];
  const isPhone = new Set(arpabetPhones);
  for (const file of files) {
    let found = 0;
    const lines = (await readText(file, { what: 'the lexicon' })).split(/\r?\n/);
    for (const [i, line] of lines.entries()) {
      const [word = '', ...phones] = line.trim().split(/\s+/);
      if (word === '' || word.startsWith(';;;')) continue;
      const place = {
        file,
        line: i + 1,
        hint: 'Expected a word and its phones on each line: HELLO<tab>HH AH0 L OW1',
      };
      if (phones.length === 0) throw new UserError(`'${word}' has no phones`, place);
      const strange = phones.find((phone) => !isPhone.has(phone));
      if (strange !== undefined)
        throw new UserError(`'${strange}' in '${word}' is not an ARPAbet phone with stress`, place);
      found++;
      const key = word.toUpperCase();
      if (!entries.has(key)) entries.set(key, phones.join(' '));
    }
    if (found === 0)
      throw new UserError('the lexicon has no entries', { file, hint: 'Expected one word per line' });
    digests.push((await sha256OfFile(file)).slice(0, 16));
  }
  return { of: (word) => entries.get(word.toUpperCase()), digest: digests.join('+') };
}
