/** @file The tokens that a recogniser learns: the reference's letters, or those of the training text. */
import type { Alphabet } from '../lm/alphabet.js';
import { spellerOf } from '../lm/alphabet.js';
import type { FinetuneSettings } from './settings.js';

/** Where nothing else is said: the blank of CTC, and what stands between words. */
const blankToken = '<s>';
const boundary = '|';

/** Those of fairseq's dict.ltr.txt, in its order, behind its four special ones. */
export const referenceAlphabet: Alphabet = {
  tokens: [blankToken, '<pad>', '</s>', '<unk>', ..."|ETAONIHSRDLUMWCFGYPBVK'XJQZ"],
  blank: 0,
  boundary,
  special: [0, 1, 2, 3],
  lowerCase: false,
};

/**
 * The characters of texts, in the order of their code points.
 * @param texts in normal form (NFC)
 */
export function alphabetOf(texts: Iterable<string>): Alphabet {
  const characters = new Set<string>();
  for (const text of texts) for (const character of text) characters.add(character);
  const letters = [...characters].filter((each) => !/^\s$/u.test(each) && each !== boundary);
  letters.sort((a, b) => (a.codePointAt(0) as number) - (b.codePointAt(0) as number));
  return { tokens: [blankToken, boundary, ...letters], blank: 0, boundary, special: [0], lowerCase: false };
}

/** A text as it is compared and spelled: in normal form (NFC), one space between words. */
export const plainText = (text: string): string => text.normalize('NFC').trim().replaceAll(/\s+/gu, ' ');

/** An alphabet, and how texts are brought to its letters. */
export interface Letters {
  readonly alphabet: Alphabet;
  /** The text as its letters write it. */
  write(text: string): string;
  /** Tokens of a text, with the boundary behind its last word too; characters that no token stands for, each once. */
  target(text: string): { readonly tokens: readonly number[]; readonly unknown: readonly string[] };
}

/** How an alphabet writes and spells texts. */
export function lettersOf(alphabet: Alphabet, write: (text: string) => string): Letters {
  const spell = spellerOf(alphabet);
  const end = alphabet.tokens.indexOf(alphabet.boundary);
  return {
    alphabet,
    write,
    target(text) {
      const { tokens, unknown } = spell(write(text));
      return { tokens: tokens.length > 0 && end >= 0 ? [...tokens, end] : tokens, unknown };
    },
  };
}

/** The reference's letters: texts in capitals. */
const referenceLetters = lettersOf(referenceAlphabet, (text) => plainText(text).toUpperCase());

/**
 * The letters that a training on these texts learns.
 * @param choice see `FinetuneSettings`
 */
export function chosenLetters(texts: readonly string[], choice: FinetuneSettings['alphabet']): Letters {
  const suffices = (): boolean => texts.every((text) => referenceLetters.target(text).unknown.length === 0);
  if (choice === 'reference' || (choice === 'auto' && suffices())) return referenceLetters;
  const plain = texts.map(plainText);
  return lettersOf(alphabetOf(plain), plainText);
}

/**
 * The letters of a recogniser that is trained further. Of one that writes capitals alone, texts are put in capitals.
 */
export function lettersOfRecogniser(alphabet: Alphabet): Letters {
  const same = (value: string): boolean => value === value.toUpperCase();
  const inCapitals = alphabet.tokens.every((token, i) => alphabet.special.includes(i) || same(token));
  return lettersOf(alphabet, (text) => {
    const plain = plainText(text);
    if (alphabet.lowerCase) return plain.toLowerCase();
    return inCapitals ? plain.toUpperCase() : plain;
  });
}
