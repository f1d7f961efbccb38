/** @file The phones of PR: s3prl's 74 tokens, texts of phones to tokens and back. */
import { arpabetPhones } from '../../src/api/index.js';

/** Behind the text that a phone recogniser learns from, in the reference. */
export const endToken = '<eos>';

export const tokens: readonly string[] = ['<pad>', endToken, '<unk>', ...arpabetPhones];

/** s3prl takes `<pad>` for CTC's blank. */
export const blank = 0;

const indexOf: ReadonlyMap<string, number> = new Map(tokens.map((token, index) => [token, index]));

/** The phones of a text, which stand between blanks. */
export function phonesOf(text: string): string[] {
  return text.split(/\s+/u).filter((phone) => phone !== '');
}

const isPhone: ReadonlySet<string> = new Set(arpabetPhones);

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
