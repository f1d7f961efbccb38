/** @file The characters of ASR: s3prl's 32 tokens, text to tokens and back, greedy CTC paths to text. */

/** The letters in the order of s3prl's `asr/char.dict`, behind fairseq's four special tokens. */
export const tokens: readonly string[] = ['<s>', '<pad>', '</s>', '<unk>', ..."|ETAONIHSRDLUMWCFGYPBVK'XJQZ"];

/** s3prl takes `<s>` for CTC's blank. */
export const blank = 0;

const indexOf: ReadonlyMap<string, number> = new Map(tokens.map((token, index) => [token, index]));

/** Upper case, words separated by one space. */
export function normalizeText(text: string): string {
  return text.toUpperCase().trim().split(/\s+/).join(' ');
}

/** The characters of a normalised text that no token stands for. */
export function unknownCharacters(text: string): string[] {
  return [...new Set(text)].filter(
    (character) => character === '|' || (character !== ' ' && !indexOf.has(character)),
  );
}

/** Token indices of a normalised text: a space becomes `|`, an unknown character `<unk>`. */
export function encodeText(text: string): number[] {
  const unknown = indexOf.get('<unk>') ?? 0;
  return [...text].map((character) => indexOf.get(character === ' ' ? '|' : character) ?? unknown);
}

/** The text of token indices; special tokens vanish and every run of `|` is one space. */
export function decodeTokens(indices: readonly number[]): string {
  const characters = indices.map((index) => tokens[index] ?? '').filter((token) => token.length === 1);
  return characters.join('').replaceAll('|', ' ').trim().split(/ +/).join(' ');
}
