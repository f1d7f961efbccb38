/** @file The phones of PR: s3prl's 74 tokens, texts of phones to tokens and back. */

const vowels = 'AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW';
const consonants = 'B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH';

/** ARPAbet in alphabetic order, vowels with their stress: none, primary, secondary. */
const arpabet = [...vowels.split(' ').flatMap((vowel) => [0, 1, 2].map((stress) => `${vowel}${stress}`))]
  .concat(consonants.split(' '))
  .sort();

/** Phones that may stand in a text, silence and noise first: the order of s3prl's downstream/ctc/vocab/phoneme.txt. */
export const phones: readonly string[] = ['SIL', 'SPN', ...arpabet];

/** Behind the text that a phone recogniser learns from, in the reference. */
export const endToken = '<eos>';

export const tokens: readonly string[] = ['<pad>', endToken, '<unk>', ...phones];

/** s3prl takes `<pad>` for CTC's blank. */
export const blank = 0;

const indexOf: ReadonlyMap<string, number> = new Map(tokens.map((token, index) => [token, index]));

/** The phones of a text, which stand between blanks. */
export function phonesOf(text: string): string[] {
  return text.split(/\s+/u).filter((phone) => phone !== '');
}

const isPhone: ReadonlySet<string> = new Set(phones);

/** What stands in a text and is no phone, each once. */
export function unknownPhones(text: string): string[] {
  return [...new Set(phonesOf(text))].filter((phone) => !isPhone.has(phone));
}

/** Token indices of a text: what is no phone is `<unk>`. */
export function encodePhones(text: string): number[] {
  return phonesOf(text).map((phone) => indexOf.get(isPhone.has(phone) ? phone : '<unk>') as number);
}

/** The text of token indices; blank and end are left out. */
export function decodePhones(indices: readonly number[]): string {
  return indices.flatMap((index) => (index > 1 ? (tokens[index] ?? []) : [])).join(' ');
}
